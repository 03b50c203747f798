using Agents.Contracts.Work;

namespace Agents.Replay;

/// <summary>Outcome of running code again on a stored history; the counts end at the divergence, where there is one.</summary>
public sealed record ReplayReport(int Turns, int Events, int Actions, Divergence? Divergence)
{
    public bool IsEqual => Divergence is null;
}
