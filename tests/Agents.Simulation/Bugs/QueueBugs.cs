using Agents.Engine.Store;
using Agents.Simulation.Faults;

namespace Agents.Simulation.Bugs;

/// <summary>An attempt that ended does not give its place back.</summary>
sealed class PlaceKept : SeededBug
{
    public override IEngineStore AtNode(IEngineStore link) => new Link(link);

    sealed class Link(IEngineStore inner) : StoreDecorator(inner)
    {
        public override Task<QueueAnswer> PassAsync(QueueRound round, CancellationToken cancel) =>
            base.PassAsync(round with { GivenBack = [] }, cancel);
    }
}

/// <summary>Whoever asks is let in.</summary>
sealed class EverybodyLetIn : SeededBug
{
    public override IEngineStore AtNode(IEngineStore link) => new Link(link);

    sealed class Link(IEngineStore inner) : StoreDecorator(inner)
    {
        public override async Task<QueueAnswer> PassAsync(QueueRound round, CancellationToken cancel)
        {
            var answer = await base.PassAsync(round, cancel);
            return answer with { Granted = [.. round.Asks.Select(a => new QueueGrant(a.Place, a.InstanceId))] };
        }
    }
}

/// <summary>Who waits is never told that it was let in: it does not look, and no hint comes.</summary>
sealed class GrantNotTold : SeededBug
{
    public override IEngineStore AtNode(IEngineStore link) => new Link(link);

    sealed class Link(IEngineStore inner) : StoreDecorator(inner)
    {
        public override async Task<QueueAnswer> PassAsync(QueueRound round, CancellationToken cancel)
        {
            var answer = await base.PassAsync(round, cancel);
            var asked = round.Asks.Select(a => a.Place).ToHashSet();
            return answer with { Granted = [.. answer.Granted.Where(g => asked.Contains(g.Place))] };
        }

        public override async Task<IReadOnlyList<PlaceView>> ReadPlacesAsync(string node, CancellationToken cancel) =>
            [.. (await base.ReadPlacesAsync(node, cancel)).Select(p => p with { Held = false })];
    }
}
