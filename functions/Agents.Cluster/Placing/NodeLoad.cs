using Orleans;

namespace Agents.Cluster.Placing;

/// <summary>What a node tells the others of itself. <paramref name="Memory"/>: share of its memory in use, 0 to 1.</summary>
[GenerateSerializer, Immutable, Alias("agents.load")]
internal readonly record struct NodeLoad([property: Id(0)] int Instances, [property: Id(1)] double Memory, [property: Id(2)] bool Leaving)
{
    public static double MemoryNow()
    {
        var memory = GC.GetGCMemoryInfo();
        var all = Math.Max(1, memory.TotalAvailableMemoryBytes);
        return Math.Max((double)memory.MemoryLoadBytes / all, (double)Environment.WorkingSet / all);
    }
}
