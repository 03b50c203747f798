namespace Agents.Pool.Queue;

/// <summary>What the caller of a run says between its model calls.</summary>
/// <param name="Run">The run, as its requests name it.</param>
/// <param name="Prefix">Name of its beginning, as routing has it.</param>
/// <param name="Ended">No further call comes: what is held for it may go.</param>
/// <param name="BackIn">It waits for a tool for about so long; null where nobody knows.</param>
sealed record RunHint(string Run, string Prefix, bool Ended, TimeSpan? BackIn);
