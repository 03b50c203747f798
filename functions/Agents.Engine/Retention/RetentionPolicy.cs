using Agents.Contracts.Instances;

namespace Agents.Engine.Retention;

/// <summary>How long ended runs are kept, by how they ended; null keeps them for ever.</summary>
public sealed record RetentionPolicy
{
    public TimeSpan? Completed { get; init; }

    public TimeSpan? Failed { get; init; }

    /// <summary>Cancelled by a person or a program.</summary>
    public TimeSpan? Terminated { get; init; }

    /// <summary>Whether anything may ever go.</summary>
    public bool Removes => Completed is not null || Failed is not null || Terminated is not null;

    /// <summary>Each status that is not kept for ever, and until when its runs must have ended to go now.</summary>
    internal IEnumerable<(OrchestrationStatus Status, DateTimeOffset Before)> Due(DateTimeOffset now)
    {
        (OrchestrationStatus Status, TimeSpan? Keep)[] rules =
        [
            (OrchestrationStatus.Completed, Completed), (OrchestrationStatus.Failed, Failed),
            (OrchestrationStatus.Terminated, Terminated), (OrchestrationStatus.Canceled, Terminated),
        ];
        foreach (var (status, keep) in rules)
        {
            if (keep is { } time)
            {
                yield return (status, now - time);
            }
        }
    }
}
