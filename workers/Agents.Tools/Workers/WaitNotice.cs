namespace Agents.Tools.Workers;

/// <summary>
/// Tells people why a call has not begun, once that has lasted for a moment: a worker that reconnects is no news. What
/// was told is taken back when it is not true any more, at the latest when the call ends.
/// </summary>
sealed class WaitNotice : IAsyncDisposable
{
    static readonly TimeSpan s_after = TimeSpan.FromSeconds(1);

    readonly Lock _gate = new();
    readonly Action<string?> _tell;
    readonly string _text;
    readonly ITimer _timer;
    volatile bool _unserved;
    bool _told;

    public WaitNotice(TimeProvider clock, Action<string?> tell, string text)
    {
        (_tell, _text) = (tell, text);
        _timer = clock.CreateTimer(_ => Tell(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Takes no lock: whoever says this may hold one that telling needs.</summary>
    public void Set(bool unserved)
    {
        _unserved = unserved;
        try
        {
            _timer.Change(unserved ? s_after : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
        catch (ObjectDisposedException)
        {
            // The call has ended.
        }
    }

    void Tell()
    {
        lock (_gate)
        {
            if (_told != _unserved)
            {
                _told = _unserved;
                _tell(_told ? _text : null);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        _unserved = false;
        Tell();
    }
}
