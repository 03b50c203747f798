namespace Agents.Inference.Streaming;

/// <summary>
/// Gives an attempt up after a silence, not after a total: a thinking model may rightly work for an hour, and every
/// byte (keep-alive comments too) shows that somebody is still there.
/// </summary>
public sealed class IdleDeadline : IDisposable
{
    readonly CancellationTokenSource _silence;
    readonly CancellationTokenSource _either;
    readonly TimeSpan _limit;

    public IdleDeadline(TimeProvider clock, TimeSpan limit, CancellationToken cancel)
    {
        _limit = limit;
        _silence = new CancellationTokenSource(limit, clock);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_silence.Token, cancel);
    }

    /// <summary>Cancelled by the caller or by silence.</summary>
    public CancellationToken Token => _either.Token;

    public bool Expired => _silence.IsCancellationRequested;

    public void Heard() => _silence.CancelAfter(_limit);

    public void Dispose()
    {
        _either.Dispose();
        _silence.Dispose();
    }
}
