namespace Agents.Engine.Postgres;

/// <summary>
/// What the server does before it says that a transaction is in, as found when the store was opened.
/// </summary>
public sealed record Durability(string ServerVersion, string Fsync, string SynchronousCommit, string FullPageWrites)
{
    /// <summary>Does what was acknowledged survive a loss of power of this server?</summary>
    public bool Holds => Fsync == "on" && FullPageWrites == "on" && SynchronousCommit != "off";
}
