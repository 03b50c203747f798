namespace Agents.Contracts.History;

/// <summary>An event with its place in its execution: 0, 1, 2 … without a gap.</summary>
public readonly record struct SequencedEvent(long Sequence, HistoryEvent Event);
