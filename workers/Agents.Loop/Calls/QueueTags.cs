namespace Agents.Loop.Calls;

/// <summary>The tag that puts an activity into a queue.</summary>
static class QueueTags
{
    /// <summary>Null where there is no queue, so that a run without one schedules what it always did.</summary>
    public static IReadOnlyDictionary<string, string>? Of(string? queue) =>
        queue is null ? null : new Dictionary<string, string> { ["queue"] = queue };
}
