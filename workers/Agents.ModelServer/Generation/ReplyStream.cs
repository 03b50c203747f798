using System.Threading.Channels;

namespace Agents.ModelServer.Generation;

/// <summary>A reply that is being made, as its reader sees it.</summary>
public sealed class ReplyStream
{
    readonly Channel<GenerationEvent> _events = Channel.CreateUnbounded<GenerationEvent>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    readonly Action _wake;
    volatile bool _cancelled;

    internal ReplyStream(Action wake) => _wake = wake;

    /// <summary>A reply that is complete already.</summary>
    internal static ReplyStream Of(IEnumerable<GenerationEvent.Token> made, GenerationEvent.Ended end)
    {
        var stream = new ReplyStream(() => { });
        foreach (var e in made)
        {
            stream.Add(e);
        }

        stream.Complete(end);
        return stream;
    }

    /// <summary>
    /// What was made, token by token. It is bounded by the tokens asked for, not by the reader: a slow one holds up nobody.
    /// </summary>
    public IAsyncEnumerable<GenerationEvent> ReadAsync(CancellationToken cancel) => _events.Reader.ReadAllAsync(cancel);

    /// <summary>Waits until something can be read; false when all was.</summary>
    public ValueTask<bool> WaitAsync(CancellationToken cancel) => _events.Reader.WaitToReadAsync(cancel);

    /// <summary>Reads what is there without waiting.</summary>
    public bool TryRead([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out GenerationEvent? e) => _events.Reader.TryRead(out e);

    /// <summary>Ends the reply at its next token; what it has computed stays for whoever begins alike.</summary>
    public void Cancel()
    {
        _cancelled = true;
        _wake();
    }

    internal bool IsCancelled => _cancelled;

    internal void Add(GenerationEvent e) => _events.Writer.TryWrite(e);

    internal void Complete(GenerationEvent.Ended e)
    {
        _events.Writer.TryWrite(e);
        _events.Writer.TryComplete();
    }
}
