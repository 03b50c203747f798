using Agents.Contracts.History;
using Xunit.Sdk;

namespace Agents.Tests.History;

/// <summary>Compares events by value, tags included (records compare dictionaries by reference).</summary>
internal static class EventAssert
{
    public static void Same(HistoryEvent expected, HistoryEvent actual)
    {
        var same = (expected, actual) switch
        {
            (ExecutionStarted a, ExecutionStarted b) => Equal(a.Tags, b.Tags) && a with { Tags = null } == b with { Tags = null },
            (TaskScheduled a, TaskScheduled b) => Equal(a.Tags, b.Tags) && a with { Tags = null } == b with { Tags = null },
            (SubOrchestrationInstanceCreated a, SubOrchestrationInstanceCreated b) =>
                Equal(a.Tags, b.Tags) && a with { Tags = null } == b with { Tags = null },
            _ => expected == actual,
        };
        if (!same)
        {
            throw new XunitException($"expected {expected}\nactual   {actual}");
        }
    }

    static bool Equal(IReadOnlyDictionary<string, string>? a, IReadOnlyDictionary<string, string>? b) =>
        (a ?? new Dictionary<string, string>()).OrderBy(x => x.Key, StringComparer.Ordinal)
        .SequenceEqual((b ?? new Dictionary<string, string>()).OrderBy(x => x.Key, StringComparer.Ordinal));
}
