using Orleans;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Agents.Cluster.Placing;

/// <summary>Instances go where memory and load allow.</summary>
[GenerateSerializer, Immutable, Alias("agents.by-load")]
internal sealed class ByLoad : PlacementStrategy
{
    public static ByLoad Strategy { get; } = new();
}

[AttributeUsage(AttributeTargets.Class)]
internal sealed class ByLoadAttribute() : PlacementAttribute(ByLoad.Strategy);

internal sealed class ByLoadDirector(LoadBoard board) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context) =>
        Task.FromResult(board.Choose(context.GetCompatibleSilos(target), context.LocalSilo)
            ?? throw new OrleansException("every node is leaving"));
}
