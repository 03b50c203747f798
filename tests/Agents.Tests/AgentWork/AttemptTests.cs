using Agents.Contracts.Effects;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine;
using Agents.Engine.Grpc;
using Agents.Engine.Grpc.Work;
using Agents.Protocol;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using Events = Agents.Contracts.History;

namespace Agents.Tests.AgentWork;

/// <summary>Who has which attempt and which kept execution, and who may act, seen from the engine's side alone.</summary>
public sealed class AttemptTests
{
    static readonly ExecutionId s_execution = new(new string('a', 32));
    static readonly DurableTaskOptions s_options = new();

    readonly FakeTimeProvider _clock = new();
    readonly WorkBroker _broker;
    readonly Context _context = new();

    public AttemptTests() => _broker = new WorkBroker(
        (_, _) => false, s_options, new EngineEnvironment(_clock, new Ids(), NullLogger.Instance))
    {
        History = new NoHistory(), IsAgentWork = static (name, _) => name == "Run",
    };

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_worker_that_lost_its_stream_may_not_act_any_more()
    {
        var first = Connect("a/1");
        var attempt = Attend();
        var token = await TakeAsync(first);
        Assert.True(_broker.MayAct(token));
        _broker.Disconnect(first);
        Assert.False(_broker.MayAct(token));
        _clock.Advance(s_options.Grace);
        Assert.False(_broker.MayAct(token));

        Assert.IsType<ActivityOutcome.Lost>(await attempt);
        Assert.True(_broker.StaleCompletions >= 2);
    }

    [Theory]
    [InlineData(EffectClass.AtMostOnce, false, typeof(ActivityOutcome.NotStarted))]
    [InlineData(EffectClass.AtMostOnce, true, typeof(ActivityOutcome.Lost))]
    [InlineData(EffectClass.Idempotent, false, typeof(ActivityOutcome.Lost))]
    public async Task What_a_lost_worker_left_behind_depends_on_whether_it_was_let_act(EffectClass effect, bool acts, Type outcome)
    {
        var worker = Connect("a/1");
        var attempt = Attend(effect);
        var token = await TakeAsync(worker);
        if (acts)
        {
            _broker.MayAct(token);
        }

        _broker.Disconnect(worker);
        _clock.Advance(s_options.Grace);

        Assert.IsType(outcome, await attempt);
    }

    [Fact]
    public async Task The_engines_no_is_no()
    {
        _context.May = false;
        var worker = Connect("a/1");
        var attempt = Attend();
        Assert.False(_broker.MayAct(await TakeAsync(worker)));
        _broker.Disconnect(worker);
        _clock.Advance(s_options.Grace);

        Assert.IsType<ActivityOutcome.NotStarted>(await attempt);
    }

    [Fact]
    public async Task A_worker_that_is_back_within_the_grace_goes_on_with_its_attempt()
    {
        var before = Connect("a/1");
        var attempt = Attend();
        var token = await TakeAsync(before);
        _broker.Disconnect(before);
        var after = Connect("a/1");
        _clock.Advance(s_options.Grace);
        Assert.True(_broker.MayAct(token));
        await _broker.SettleAsync(null!, Settle(token));

        Assert.Equal("done", Assert.IsType<ActivityOutcome.Completed>(await attempt).Result);
        Assert.Empty(after.Holds);
        Assert.Equal(0, after.Held[(int)WorkKind.Activity]);
    }

    [Fact]
    public async Task A_worker_that_is_back_before_its_old_stream_is_seen_to_be_broken_goes_on_too()
    {
        var before = Connect("a/1");
        var attempt = Attend();
        var token = await TakeAsync(before);
        var other = Connect("a/2");
        var after = Connect("a/1");
        _broker.Disconnect(before);
        _clock.Advance(s_options.Grace);
        Assert.Single(after.Holds);
        Assert.Empty(other.Holds);
        Assert.True(_broker.MayAct(token));
        await _broker.SettleAsync(null!, Settle(token));

        Assert.Equal("done", Assert.IsType<ActivityOutcome.Completed>(await attempt).Result);
    }

    [Fact]
    public async Task Text_is_taken_once_and_in_order()
    {
        var worker = Connect("a/1");
        _ = Attend(EffectClass.ReadOnly);
        var token = await TakeAsync(worker);
        _broker.Publish(Text(token, 0, "a", "b"));
        _broker.Publish(Text(token, 0, "a", "b", "c"));
        _broker.Publish(Text(token, 1, "b"));
        Assert.Equal(StatusCode.FailedPrecondition, Assert.Throws<RpcException>(() => _broker.Publish(Text(token, 4, "e"))).StatusCode);
        _broker.Publish(Text(token, 3, "d"));
        Assert.Equal("abcd", string.Concat(_context.Text));
        _broker.Disconnect(worker);

        Assert.Equal(StatusCode.NotFound, Assert.Throws<RpcException>(() => _broker.Publish(Text(token, 4, "e"))).StatusCode);
        Assert.Equal("abcd", string.Concat(_context.Text));
    }

    [Fact]
    public async Task A_probe_waits_for_a_worker_of_the_place_of_its_attempt_and_then_for_any()
    {
        var first = Connect("here/1");
        var attempt = Attend();
        _broker.MayAct(await TakeAsync(first));
        _broker.Disconnect(first);
        _clock.Advance(s_options.Grace);
        await attempt;
        var elsewhere = Connect("there/1");
        _ = Attend(mode: ActivityMode.Reconcile);
        Assert.False(elsewhere.Outgoing.TryRead(out _));
        var here = Connect("here/2");
        Assert.True((await TakeRequestAsync(here)).Attempt.Reconcile);

        _broker.Disconnect(here);
        _clock.Advance(s_options.Grace);
        _ = Attend(mode: ActivityMode.Reconcile); // nothing is known of where it was any more
        Assert.True((await TakeRequestAsync(elsewhere)).Attempt.Reconcile);
    }

    [Fact]
    public async Task A_probe_goes_anywhere_once_nobody_came_back()
    {
        var first = Connect("here/1");
        var attempt = Attend();
        _broker.MayAct(await TakeAsync(first));
        _broker.Disconnect(first);
        _clock.Advance(s_options.Grace);
        await attempt;
        var elsewhere = Connect("there/1");
        _ = Attend(mode: ActivityMode.Reconcile);
        Assert.False(elsewhere.Outgoing.TryRead(out _));
        _clock.Advance(s_options.SamePlaceWait);

        Assert.True((await TakeRequestAsync(elsewhere)).Attempt.Reconcile);
    }

    [Fact]
    public async Task A_cancelled_attempt_is_told_to_its_worker_and_one_that_has_acted_is_left_alone()
    {
        using var stop = new CancellationTokenSource();
        var worker = Connect("a/1");
        var attempt = _broker.AttendAsync(Work(EffectClass.AtMostOnce, ActivityMode.Execute), _context, stop.Token);
        var token = await TakeAsync(worker);
        await stop.CancelAsync();
        Assert.IsType<ActivityOutcome.NotStarted>(await attempt);
        Assert.True(worker.Outgoing.TryRead(out var notice) && _broker.MarkSent(notice.Item, notice.Token));
        Assert.NotNull((await notice.Item.BuildAsync(worker, notice.Token, Cancel)).AttemptStop);
        Assert.Equal(token, notice.Token);
        Assert.False(_broker.MayAct(token));

        using var late = new CancellationTokenSource();
        var acting = _broker.AttendAsync(Work(EffectClass.AtMostOnce, ActivityMode.Execute), _context, late.Token);
        var second = await TakeAsync(worker);
        Assert.True(_broker.MayAct(second));
        await late.CancelAsync();
        Assert.False(acting.IsCompleted);
        await _broker.SettleAsync(null!, Settle(second));
        Assert.IsType<ActivityOutcome.Completed>(await acting);
    }

    [Fact]
    public async Task Agent_work_is_for_workers_of_ours_and_theirs_is_for_others()
    {
        var foreign = Connect(null);
        var ours = Connect("a/1");
        _ = Attend();
        _broker.Open(new RemoteExecution(new InstanceId("o"), s_execution, 0, "Order", null)).Begin([], [new Events.OrchestratorStarted()]);

        Assert.Equal("CallTool", (await TakeRequestAsync(ours)).Name);
        Assert.True(foreign.Outgoing.TryRead(out var turn));
        Assert.Equal("Order", turn.Item.Name);
        Assert.False(ours.Outgoing.TryRead(out _));
    }

    [Fact]
    public async Task A_turn_brings_what_is_new_to_the_worker_that_keeps_the_execution_and_all_to_another()
    {
        var keeper = Connect("a/1");
        var other = Connect("a/2");
        var session = _broker.Open(new RemoteExecution(new InstanceId("r"), s_execution, 3, "Run", "1")
        {
            Seeds = [new IdentitySeed(0, "seed", "r")],
        });
        var first = session.Begin([], [new Events.OrchestratorStarted(), Start()]);
        var (request, token) = await TurnAsync(keeper);
        Assert.Equal((0, 0, 3, "seed"), (request.KeptEvents, request.PastEventsCount, request.Generation, request.SeedsInForce.Single().Seed));
        await AnswerAsync(session, first, token, 3);

        var second = session.Begin([], [new Events.OrchestratorStarted()]);
        (request, token) = await TurnAsync(keeper); // though the other one has less to do
        Assert.Equal((3, 3, 0), (request.KeptEvents, request.PastEventsCount, request.PastEvents.Count));
        await _broker.CompleteTurnAsync(new OrchestratorResponse { InstanceId = "r", CompletionToken = token, RequiresHistory = true }, "c");
        (request, token) = await TurnAsync(keeper);
        Assert.Equal((0, 3, 3), (request.KeptEvents, request.PastEventsCount, request.PastEvents.Count));
        Assert.Equal("key", request.PastEvents[2].TaskScheduled.Effect.Key);
        await AnswerAsync(session, second, token, 2);

        _broker.Disconnect(keeper);
        session.Begin([], [new Events.OrchestratorStarted()]);
        (request, _) = await TurnAsync(other);
        Assert.Equal((0, 5), (request.KeptEvents, request.PastEvents.Count));
    }

    [Fact]
    public async Task A_foreign_worker_has_no_say_in_effects()
    {
        var worker = Connect(null);
        var turn = _broker.Open(new RemoteExecution(new InstanceId("o"), s_execution, 0, "Order", null)).Begin([], [new Events.OrchestratorStarted()]);
        Assert.True(worker.Outgoing.TryRead(out var next) && _broker.MarkSent(next.Item, next.Token));
        var answer = new OrchestratorResponse { InstanceId = "o", CompletionToken = next.Token };
        answer.Actions.Add(new OrchestratorAction
        {
            Id = 1, ScheduleTask = new ScheduleTaskAction { Name = "a", Effect = new ToolEffect { Class = 2, Key = "k", Tool = "t" } },
        });
        turn.Settle(committed: true);
        await _broker.CompleteTurnAsync(answer, "c");

        Assert.Null(((Contracts.Actions.ScheduleTaskAction)(await turn.Answer)!.Actions.Single()).Effect);
    }

    async Task AnswerAsync(IRemoteSession session, IRemoteTurn turn, string token, int committed)
    {
        var told = _broker.CompleteTurnAsync(new OrchestratorResponse { InstanceId = "r", CompletionToken = token }, "c");
        Assert.NotNull(await turn.Answer);
        var before = ((RemoteSession)session).Count;
        session.Committed(
        [
            .. Enumerable.Range(1, committed - 1).Select(_ => new Events.OrchestratorStarted()),
            new Events.TaskScheduled { EventId = 1, Name = "CallTool", Effect = new EffectIntent(EffectClass.AtMostOnce, "key", "pay") },
        ]);
        turn.Settle(committed: true);
        Assert.Equal(before + committed, await told);
    }

    static async Task<(OrchestratorRequest Request, string Token)> TurnAsync(WorkerStream worker)
    {
        Assert.True(worker.Outgoing.TryRead(out var next));
        return ((await next.Item.BuildAsync(worker, next.Token, Cancel)).OrchestratorRequest, next.Token);
    }

    static Events.ExecutionStarted Start() => new() { Name = "Run", InstanceId = "r", ExecutionId = s_execution };

    async Task<string> TakeAsync(WorkerStream worker)
    {
        while (worker.Outgoing.TryRead(out var next))
        {
            if (_broker.MarkSent(next.Item, next.Token))
            {
                await next.Item.BuildAsync(worker, next.Token, Cancel);
                return next.Token;
            }
        }

        throw new InvalidOperationException("nothing was handed out");
    }

    async Task<ActivityRequest> TakeRequestAsync(WorkerStream worker)
    {
        Assert.True(worker.Outgoing.TryRead(out var next) && _broker.MarkSent(next.Item, next.Token));
        return (await next.Item.BuildAsync(worker, next.Token, Cancel)).ActivityRequest;
    }

    Task<ActivityOutcome> Attend(EffectClass effect = EffectClass.AtMostOnce, ActivityMode mode = ActivityMode.Execute) =>
        _broker.AttendAsync(Work(effect, mode), _context, Cancel);

    static ActivityWorkItem Work(EffectClass effect, ActivityMode mode) => new()
    {
        InstanceId = new InstanceId("run"), ExecutionId = s_execution, Generation = 0, TaskId = 7, ScheduledSequence = 3, Name = "CallTool",
        Effect = new EffectIntent(effect, "key", "pay"), Mode = mode, AttemptToken = "wt1",
    };

    static SettleRequest Settle(string token) => new()
    {
        CompletionToken = token, InstanceId = "run", TaskId = 7, Done = new AttemptDone { Result = "done" },
    };

    static PublishRequest Text(string token, long first, params string[] pieces)
    {
        var request = new PublishRequest { CompletionToken = token, First = first };
        request.Pieces.Add(pieces.Select(p => new StreamPiece { Kind = "content", Text = p, Tokens = 1 }));
        return request;
    }

    WorkerStream Connect(string? key)
    {
        var request = new GetWorkItemsRequest { WorkerInstanceId = key ?? "" };
        if (key is not null)
        {
            request.Capabilities.Add([WorkerCapability.KeepsExecutions, WorkerCapability.AgentWork]);
        }

        var worker = new WorkerStream(request, "c", "w", s_options);
        _broker.Connect(worker);
        return worker;
    }

    sealed class Context : IActivityContext
    {
        public bool May { get; set; } = true;

        public List<string> Text { get; } = [];

        public IHistorySource History => new NoHistory();

        public bool MayAct() => May;

        public void Publish(StreamDelta delta) => Text.Add(delta.Text);
    }

    sealed class NoHistory : IHistorySource
    {
        public ValueTask<IReadOnlyList<Events.SequencedEvent>> ReadAsync(
            InstanceId instance, int generation, long fromSequence, int max, CancellationToken cancel) => new([]);
    }

    sealed class Ids : IIdSource
    {
        int _next;

        public Guid NextGuid() => new(++_next, 0, 0, new byte[8]);
    }
}
