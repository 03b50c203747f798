using Agents.Contracts.Client;
using Agents.Engine;
using Agents.Engine.Queues;
using Agents.Engine.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Agents.Tests.Engine;

/// <summary>A node's door to its queues while the store behind it does not answer.</summary>
public sealed class QueueGateTests
{
    [Fact]
    public async Task A_store_that_is_away_is_asked_once_a_second_until_it_is_back()
    {
        var (clock, store) = (new FakeTimeProvider(), new Away());
        var gate = new QueueGate(store, new EngineOptions { NodeId = "n" }, new EngineEnvironment(clock, new NoIds(), NullLogger.Instance), _ => { });
        var granted = 0;
        gate.Ask(
            new QueueAsk { Place = new PlaceKey(1, 1, 1), Queue = "q", Key = "k", Tenant = "t", Priority = 0, InstanceId = "i", Node = "n" },
            () => ++granted > 0);
        await gate.Rounds;
        for (var second = 1; second <= 30; second++)
        {
            Assert.Equal(second, store.Asked);
            clock.Advance(TimeSpan.FromMilliseconds(999));
            await gate.Rounds;
            Assert.Equal(second, store.Asked);
            clock.Advance(TimeSpan.FromMilliseconds(1));
            await gate.Rounds;
        }

        store.IsBack = true;
        clock.Advance(TimeSpan.FromSeconds(1));
        await gate.Rounds;
        Assert.Equal(1, granted);
    }

    /// <summary>Each round begins with one of these two calls.</summary>
    sealed class Away : IQueueStore
    {
        public int Asked { get; private set; }

        public bool IsBack { get; set; }

        public Task<QueueAnswer> PassAsync(QueueRound round, CancellationToken cancel) => IsBack
            ? Task.FromResult(new QueueAnswer(
                [.. round.Asks.Select(a => new QueueGrant(a.Place, a.InstanceId))], new Dictionary<string, DateTimeOffset>()))
            : Refuse<QueueAnswer>();

        public Task<IReadOnlyList<PlaceView>> ReadPlacesAsync(string node, CancellationToken cancel) =>
            IsBack ? Task.FromResult<IReadOnlyList<PlaceView>>([]) : Refuse<IReadOnlyList<PlaceView>>();

        public Task<IReadOnlyList<QueueView>> ReadQueuesAsync(CancellationToken cancel) => Task.FromResult<IReadOnlyList<QueueView>>([]);

        public Task SetQueueAsync(QueueLimit limit, CancellationToken cancel) => Task.CompletedTask;

        Task<T> Refuse<T>()
        {
            Asked++;
            return Task.FromException<T>(new StoreUnavailableException("away", null));
        }
    }

    sealed class NoIds : IIdSource
    {
        public Guid NextGuid() => throw new InvalidOperationException("a gate makes no ids");
    }
}
