using Agents.Contracts.Instances;
using Agents.Contracts.Work;

namespace Agents.Worker.Activities;

/// <summary>The activities of this process, by name and version.</summary>
sealed class ActivityHost : IActivityHost
{
    readonly Dictionary<(string Name, string Version), ActivityRegistration> _activities = new(NameComparer.Instance);

    public ActivityHost(IEnumerable<ActivityRegistration> activities)
    {
        foreach (var activity in activities)
        {
            if (!_activities.TryAdd((activity.Name, activity.Version ?? ""), activity))
            {
                throw new ArgumentException(
                    $"activity '{activity.Name}' version '{activity.Version}' is registered twice: remove one", nameof(activities));
            }
        }
    }

    public bool CanRun(string name, string? version) => Find(name, version) is not null;

    public Task<ActivityOutcome> RunAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel) =>
        Find(item.Name, item.Version) is { } activity
            ? activity.Code(item, context, cancel)
            : Task.FromResult<ActivityOutcome>(new ActivityOutcome.Failed(new FailureDetails(
                "ActivityTaskNotFound", $"no activity '{item.Name}' version '{item.Version}' is registered", IsNonRetriable: true)));

    ActivityRegistration? Find(string name, string? version) =>
        _activities.GetValueOrDefault((name, version ?? "")) ?? _activities.GetValueOrDefault((name, ""));

    sealed class NameComparer : IEqualityComparer<(string Name, string Version)>
    {
        public static readonly NameComparer Instance = new();

        public bool Equals((string Name, string Version) x, (string Name, string Version) y) =>
            StringComparer.OrdinalIgnoreCase.Equals(x.Name, y.Name) && x.Version == y.Version;

        public int GetHashCode((string Name, string Version) key) =>
            HashCode.Combine(StringComparer.OrdinalIgnoreCase.GetHashCode(key.Name), key.Version);
    }
}
