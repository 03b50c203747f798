using Agents.Protocol;

namespace Agents.Engine.Grpc.Work;

/// <summary>
/// What a worker takes. No filters: everything. With filters, only the names listed and, where versions are listed for a
/// name, only those. Names differ not by case; no version and an empty one are the same.
/// </summary>
internal sealed class WorkerFilters
{
    static readonly WorkerFilters s_everything = new(null);

    readonly Dictionary<string, HashSet<string>?>[]? _names;

    WorkerFilters(Dictionary<string, HashSet<string>?>[]? names) => _names = names;

    public static WorkerFilters Of(WorkItemFilters? wire) => wire is null
        ? s_everything
        : new WorkerFilters(
        [
            Names(wire.Orchestrations.Select(f => (f.Name, f.Versions.AsEnumerable()))),
            Names(wire.Activities.Select(f => (f.Name, f.Versions.AsEnumerable()))),
        ]);

    public bool Takes(WorkKind kind, string name, string version) => _names is null
        || (_names[(int)kind].TryGetValue(name, out var versions) && (versions is null || versions.Contains(version)));

    static Dictionary<string, HashSet<string>?> Names(IEnumerable<(string Name, IEnumerable<string> Versions)> filters)
    {
        var names = new Dictionary<string, HashSet<string>?>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, versions) in filters)
        {
            var listed = versions.ToHashSet(StringComparer.OrdinalIgnoreCase);
            if (listed.Count == 0)
            {
                names[name] = null;
            }
            else if (!names.TryGetValue(name, out var known))
            {
                names[name] = listed;
            }
            else
            {
                known?.UnionWith(listed);
            }
        }

        return names;
    }
}
