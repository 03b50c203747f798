using Agents.Contracts.Instances;

namespace Agents.Engine.Retention;

/// <summary>
/// One ended run whose time is over, with its children: <paramref name="Instances"/> in all. <paramref name="Kept"/> says
/// why it stays all the same; null: it goes, or has gone. <paramref name="HistoryFor"/> are forks that still need its
/// history, which stays until they go.
/// </summary>
public sealed record RetentionItem(
    string InstanceId, OrchestrationStatus Status, DateTimeOffset EndedAt, int Instances, string? Kept,
    IReadOnlyList<string> HistoryFor);

/// <summary><paramref name="More"/>: the bound was met before the end.</summary>
public sealed record RetentionReport(IReadOnlyList<RetentionItem> Items, bool More)
{
    /// <summary>Instances that go, children and all.</summary>
    public int Instances => Items.Where(i => i.Kept is null).Sum(i => i.Instances);
}
