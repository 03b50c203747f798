using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Replay;
using Agents.TestKit.Replay;
using CsCheck;
using Xunit;

namespace Agents.Tests.Replay;

/// <summary>Random programs under random deliveries: hot, cold and offline tell the same story.</summary>
public sealed class ReplayProperties
{
    const int TurnsMax = 40;

    static readonly Gen<(Statement, bool, uint)> s_cases = Gen.Select(Statement.Any, Gen.Bool, Gen.UInt);

    [Fact]
    public void Replaying_any_prefix_gives_the_actions_the_hot_session_gave() => s_cases.Sample(c =>
    {
        var (statement, continues, seed) = c;
        var host = Programs.Host(new RandomProgram(statement, continues).RunAsync);
        using var engine = Drive(host, seed, goCold: false);

        foreach (var turn in engine.Turns)
        {
            using var cold = host.Open(HistoryBuilder.Identity());
            AssertSame(turn.Turn, cold.Run(turn.Past, turn.Fresh));
        }
    }, iter: 2_000);

    [Fact]
    public void Evicting_at_random_changes_nothing() => s_cases.Sample(c =>
    {
        var (statement, continues, seed) = c;
        var host = Programs.Host(new RandomProgram(statement, continues).RunAsync);
        using var hot = Drive(host, seed, goCold: false);
        using var evicted = Drive(host, seed, goCold: true);

        Assert.Equal(Told(hot.History), Told(evicted.History));
    }, iter: 2_000);

    [Fact]
    public void A_committed_history_passes_the_offline_check_and_a_changed_one_does_not() => s_cases.Sample(c =>
    {
        var (statement, continues, seed) = c;
        var host = Programs.Host(new RandomProgram(statement, continues).RunAsync);
        using var engine = Drive(host, seed, goCold: false);
        var report = HistoryReplay.Check(host, HistoryBuilder.Identity(), engine.History);
        Assert.True(report.IsEqual, report.Divergence?.ToString());

        var at = engine.History.ToList().FindLastIndex(i => i.Event is TaskScheduled or EventSent or TimerCreated);
        if (at >= 0)
        {
            var changed = engine.History.ToList();
            changed[at] = changed[at] with { Event = Changed(changed[at].Event) };
            Assert.Equal(at, HistoryReplay.Check(host, HistoryBuilder.Identity(), changed).Divergence?.Sequence);
        }
    }, iter: 1_000);

    // Everything the world may do next, chosen by the seed: results in any order, doubles, suspensions, endings.
    static FakeEngine Drive(OrchestratorHost host, uint seed, bool goCold)
    {
        var chance = new Chance(seed);
        var evictions = new Chance(seed ^ 0x5EED);
        var engine = new FakeEngine(host).Start(Programs.Name);
        for (var turn = 0; turn < TurnsMax && engine.Completion is null; turn++)
        {
            if (goCold && evictions.Next(3) == 0)
            {
                engine.GoCold();
            }

            engine.Now += TimeSpan.FromSeconds(chance.Next(20));
            engine.Deliver([.. Enumerable.Range(0, 1 + chance.Next(3)).Select(_ => Anything(engine, ref chance))]);
            Assert.Null(engine.Turns[^1].Turn.Divergence);
        }

        return engine;
    }

    static HistoryEvent Anything(FakeEngine engine, ref Chance chance)
    {
        switch (chance.Next(24))
        {
            case 0:
                return new ExecutionSuspended();
            case 1 or 2 or 3:
                return new ExecutionResumed();
            case 4:
                return chance.Next(8) == 0 ? new ExecutionTerminated { Input = "stop" } : new ExecutionRewound();
            case 5 or 6 or 7 or 8 or 9:
                return new EventRaised { Name = "aBc"[chance.Next(3)].ToString(), Input = $"\"{chance.Next(100)}\"" };
            case 10:
                return new TaskCompleted { TaskScheduledId = chance.Next(20), Result = "stray" };
        }

        if (engine.Open.Count == 0)
        {
            return new UnknownHistoryEvent { Raw = default };
        }

        var open = engine.Open.OrderBy(o => o.Key).ElementAt(chance.Next(engine.Open.Count)).Value;
        var fails = chance.Next(3) == 0;
        var boom = Programs.Boom with { IsNonRetriable = chance.Next(4) == 0 };
        return open switch
        {
            TimerCreated t => new TimerFired { TimerId = t.EventId, FireAt = t.FireAt },
            TaskScheduled t when fails => new TaskFailed { TaskScheduledId = t.EventId, Failure = boom },
            TaskScheduled t => new TaskCompleted { TaskScheduledId = t.EventId, Result = $"{chance.Next(100)}" },
            _ when fails => new SubOrchestrationInstanceFailed { TaskScheduledId = open.EventId, Failure = boom },
            _ => new SubOrchestrationInstanceCompleted { TaskScheduledId = open.EventId, Result = "1" },
        };
    }

    static HistoryEvent Changed(HistoryEvent e) => e switch
    {
        TaskScheduled t => t with { Input = t.Input + "!" },
        EventSent s => s with { Input = s.Input + "!" },
        TimerCreated t => t with { FireAt = t.FireAt.AddTicks(1) },
        _ => e,
    };

    static void AssertSame(OrchestratorTurn expected, OrchestratorTurn actual)
    {
        Assert.Equal(expected.Divergence, actual.Divergence);
        Assert.Equal(expected.CustomStatus, actual.CustomStatus);
        Assert.Equal(expected.Actions.Select(Told), actual.Actions.Select(Told));
    }

    static IEnumerable<string> Told(IEnumerable<SequencedEvent> history) => history.Select(i => i.Event is ExecutionCompleted c
        ? $"{i.Sequence} {c with { Failure = WithoutStack(c.Failure) }}"
        : i.ToString());

    static string Told(OrchestratorAction action) => action is CompleteOrchestrationAction c
        ? $"{c with { Failure = WithoutStack(c.Failure), CarryoverEvents = [] }} {string.Join(';', c.CarryoverEvents)}"
        : action.ToString();

    static FailureDetails? WithoutStack(FailureDetails? failure) => failure is null ? null : failure with { StackTrace = null };

    /// <summary>Small repeatable chance (xorshift), so that two drives of one seed see the same world.</summary>
    struct Chance(uint seed)
    {
        uint _state = seed | 1;

        public int Next(int below)
        {
            _state ^= _state << 13;
            _state ^= _state >> 17;
            _state ^= _state << 5;
            return (int)(_state % (uint)below);
        }
    }
}
