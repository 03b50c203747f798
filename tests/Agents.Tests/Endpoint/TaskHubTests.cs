using Agents.Engine;
using Agents.Engine.Grpc;
using Agents.Engine.Grpc.Hubs;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Agents.Tests.Endpoint;

/// <summary>When a task hub may be closed to make room for another.</summary>
public sealed class TaskHubTests
{
    readonly FakeTimeProvider _clock = new();
    readonly TaskHub _hub;

    public TaskHubTests() => _hub = new TaskHub(
        "orders", (_, _) => false, new DurableTaskOptions(), new EngineEnvironment(_clock, new CountedIds(), NullLogger.Instance));

    [Fact]
    public void A_hub_is_not_shut_while_somebody_takes_part()
    {
        var stream = _hub.TryEnter();
        var call = _hub.TryEnter();
        call!.Dispose();
        call.Dispose(); // twice is once
        Assert.False(_hub.TryShutUnused());
        stream!.Dispose();
        Assert.True(_hub.TryShutUnused());
    }

    [Fact]
    public void Nobody_comes_into_a_hub_that_was_shut()
    {
        Assert.True(_hub.TryShutUnused());
        Assert.Null(_hub.TryEnter());
        Assert.False(_hub.TryShutUnused());
    }

    [Fact]
    public void It_was_used_last_when_the_last_call_ended()
    {
        var opened = _hub.LastUsed;
        var call = _hub.TryEnter();
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(opened, _hub.LastUsed);
        call!.Dispose();
        Assert.Equal(TimeSpan.FromSeconds(3), _clock.GetElapsedTime(opened, _hub.LastUsed));
    }

    sealed class CountedIds : IIdSource
    {
        int _next;

        public Guid NextGuid() => new(++_next, 0, 0, new byte[8]);
    }
}
