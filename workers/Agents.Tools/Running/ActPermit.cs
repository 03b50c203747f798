namespace Agents.Tools.Running;

/// <summary>
/// The permission to act, asked through to the engine; remembers that it was given, and gives none once the runner has
/// stopped waiting for the tool, so that a call given up on cannot act later.
/// </summary>
sealed class ActPermit(Func<bool> mayAct)
{
    readonly Lock _lock = new();
    bool _closed;

    public bool Granted { get; private set; }

    public bool Ask()
    {
        lock (_lock)
        {
            Granted |= !_closed && mayAct();
            return Granted && !_closed;
        }
    }

    /// <summary>True when the tool was allowed to act before.</summary>
    public bool Close()
    {
        lock (_lock)
        {
            _closed = true;
            return Granted;
        }
    }
}
