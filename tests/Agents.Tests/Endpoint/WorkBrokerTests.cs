using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine;
using Agents.Engine.Grpc;
using Agents.Engine.Grpc.Work;
using Agents.Protocol;
using Agents.Protocol.Mapping;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using Events = Agents.Contracts.History;

namespace Agents.Tests.Endpoint;

/// <summary>Who gets which work item, and whose answers count.</summary>
public sealed class WorkBrokerTests
{
    static readonly ExecutionId s_execution = new(new string('a', 32));
    static readonly DurableTaskOptions s_options = new();

    readonly FakeTimeProvider _clock = new();
    readonly WorkBroker _broker;

    public WorkBrokerTests() => _broker = new WorkBroker(
        (_, _) => false, s_options, new EngineEnvironment(_clock, new CountedIds(), NullLogger.Instance))
    {
        History = new NoHistory(),
    };

    [Fact]
    public async Task An_answer_under_the_token_is_the_turns_answer()
    {
        var worker = Connect();
        var turn = Begin("i");
        var token = Take(worker);
        var answered = _broker.CompleteTurnAsync(Answer("i", token, 1), "c");
        var actions = (await turn.Answer)!.Actions;
        Assert.False(answered.IsCompleted); // the worker is told once it is committed
        turn.Settle(committed: true);
        await answered;

        Assert.Equal(1, Assert.Single(actions).Id);
        Assert.Equal(0, _broker.StaleCompletions);
    }

    [Fact]
    public async Task After_the_grace_another_worker_has_it_and_the_old_token_changes_nothing()
    {
        var first = Connect();
        var turn = Begin("i");
        var old = Take(first);
        _broker.Disconnect(first);
        var second = Connect();
        Assert.False(second.Outgoing.TryRead(out _));
        _clock.Advance(s_options.Grace);
        var token = Take(second);
        await _broker.CompleteTurnAsync(Answer("i", old, 1), "c");
        Assert.False(turn.Answer.IsCompleted);
        Assert.Equal(1, _broker.StaleCompletions);

        var answered = _broker.CompleteTurnAsync(Answer("i", token, 2), "c");
        Assert.Equal(2, Assert.Single((await turn.Answer)!.Actions).Id);
        turn.Settle(committed: true);
        await answered;
        await _broker.CompleteTurnAsync(Answer("i", token, 2), "c"); // a repeat is taken as said
    }

    [Fact]
    public async Task Within_the_grace_the_worker_still_completes()
    {
        var worker = Connect();
        var turn = Begin("i");
        var token = Take(worker);
        _broker.Disconnect(worker);
        turn.Settle(committed: true);
        await _broker.CompleteTurnAsync(Answer("i", token, 1), "another connection");

        Assert.NotNull(await turn.Answer);
    }

    [Fact]
    public async Task Without_a_token_only_the_connection_of_the_stream_counts()
    {
        var worker = Connect(connection: "mine");
        var turn = Begin("i");
        Take(worker);
        await _broker.CompleteTurnAsync(Answer("i", "", 1), "another's");
        Assert.False(turn.Answer.IsCompleted);
        turn.Settle(committed: true);
        await _broker.CompleteTurnAsync(Answer("i", "", 1), "mine");

        Assert.NotNull(await turn.Answer);
        Assert.Equal(1, _broker.StaleCompletions);
    }

    [Fact]
    public void What_is_given_back_goes_to_another_at_once_and_to_the_same_after_a_while()
    {
        var worker = Connect();
        Begin("i");
        _broker.Abandon(Take(worker), WorkKind.Orchestration);
        Assert.False(worker.Outgoing.TryRead(out _));
        _clock.Advance(s_options.BackoffMin);
        _broker.Abandon(Take(worker), WorkKind.Orchestration);
        _clock.Advance(s_options.BackoffMin);
        Assert.False(worker.Outgoing.TryRead(out _)); // twice as long by now
        var other = Connect();

        Assert.NotEmpty(Take(other));
    }

    [Fact]
    public void Limits_and_filters_hold()
    {
        var picky = Connect(new GetWorkItemsRequest
        {
            MaxConcurrentOrchestrationWorkItems = 1,
            WorkItemFilters = new WorkItemFilters { Orchestrations = { new OrchestrationFilter { Name = "order", Versions = { "2" } } } },
        });
        Begin("one", "Order", "1");
        Begin("two", "Order", "2");
        Begin("three", "Order", "2");
        Assert.Equal("two", TakeItem(picky).Item.InstanceId.Value);
        Assert.False(picky.Outgoing.TryRead(out _));
        var any = Connect();

        Assert.Equal(["one", "three"], new[] { TakeItem(any).Item.InstanceId.Value, TakeItem(any).Item.InstanceId.Value }.Order());
    }

    [Fact]
    public async Task Nonsense_is_refused_and_comes_again_later()
    {
        var worker = Connect();
        var turn = Begin("i");
        var answer = Answer("i", Take(worker), 1);
        answer.Actions.Add(answer.Actions[0]);
        await Assert.ThrowsAsync<WireException>(() => _broker.CompleteTurnAsync(answer, "c"));
        Assert.False(turn.Answer.IsCompleted);
        _clock.Advance(s_options.BackoffMin);

        Assert.NotEmpty(Take(worker));
    }

    [Fact]
    public async Task Parts_count_once_the_last_has_come_and_not_across_deliveries()
    {
        var first = Connect();
        var turn = Begin("i");
        var old = Take(first);
        await _broker.CompleteTurnAsync(Part(old, 0, 1, partial: true), "c");
        _broker.Disconnect(first);
        _clock.Advance(s_options.Grace);
        var token = Take(Connect());
        await _broker.CompleteTurnAsync(Part(old, 1, 2, partial: false), "c");
        Assert.False(turn.Answer.IsCompleted);
        await _broker.CompleteTurnAsync(Part(token, 0, 1, partial: true), "c");
        turn.Settle(committed: true);
        await _broker.CompleteTurnAsync(Part(token, 1, 2, partial: false), "c");

        Assert.Equal([1, 2], (await turn.Answer)!.Actions.Select(a => a.Id));
    }

    [Fact]
    public async Task A_turn_that_is_taken_back_answers_nothing()
    {
        var worker = Connect();
        var turn = Begin("i");
        var token = Take(worker);
        turn.Withdraw();
        Assert.Null(await turn.Answer);
        await _broker.CompleteTurnAsync(Answer("i", token, 1), "c");

        Assert.Equal(1, _broker.StaleCompletions);
    }

    [Fact]
    public async Task What_was_asked_for_before_is_not_asked_for_again()
    {
        var worker = Connect();
        var session = _broker.Open(new RemoteExecution(new InstanceId("i"), s_execution, 0, "Order", null));
        session.Committed([new Events.TaskScheduled { EventId = 1, Name = "a" }]);
        var turn = session.Begin([], [new Events.OrchestratorStarted()]);
        var answer = Answer("i", Take(worker), 1);
        answer.Actions.Add(new OrchestratorAction { Id = 2, ScheduleTask = new ScheduleTaskAction { Name = "a" } });
        turn.Settle(committed: true);
        await _broker.CompleteTurnAsync(answer, "c");

        Assert.Equal(2, Assert.Single((await turn.Answer)!.Actions).Id);
    }

    [Fact]
    public void Work_that_nobody_takes_is_named_with_count_and_age_until_somebody_does()
    {
        Connect(new GetWorkItemsRequest
        {
            WorkItemFilters = new WorkItemFilters { Orchestrations = { new OrchestrationFilter { Name = "Order", Versions = { "2" } } } },
        });
        Begin("one", "Order", "1");
        Begin("served", "Order", "2");
        _clock.Advance(TimeSpan.FromSeconds(20));
        Begin("two", "Order", "1");
        Begin("other", "Invoice");
        Assert.Empty(_broker.Unserved(s_options.UnservedAfter));
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(new UnservedWork(WorkKind.Orchestration, "Order", "1", 1, TimeSpan.FromSeconds(30)), Assert.Single(_broker.Unserved(s_options.UnservedAfter)));
        _clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(
            [("Order", "1", 2, 50), ("Invoice", "", 1, 30)],
            _broker.Unserved(s_options.UnservedAfter).Select(u => (u.Name, u.Version, u.Count, (int)u.Age.TotalSeconds)));

        Connect();
        Assert.Empty(_broker.Unserved(s_options.UnservedAfter));
    }

    [Fact]
    public void A_version_that_every_worker_gives_back_is_named_and_no_longer_once_one_does_it()
    {
        var old = Connect();
        Begin("i", "Order", "2");
        var began = _clock.GetUtcNow();
        while (_clock.GetUtcNow() - began < s_options.UnservedAfter)
        {
            _broker.Abandon(Take(old), WorkKind.Orchestration);
            do
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
            }
            while (!old.Outgoing.TryPeek(out _));
        }

        var named = Assert.Single(_broker.Unserved(s_options.UnservedAfter));
        Assert.Equal(("Order", "2", 1, _clock.GetUtcNow() - began), (named.Name, named.Version, named.Count, named.Age));
        _broker.Abandon(Take(old), WorkKind.Orchestration);
        Assert.Single(_broker.Unserved(s_options.UnservedAfter));

        var fitting = Connect();
        Assert.Empty(_broker.Unserved(s_options.UnservedAfter)); // it has it now, and has not given it back
        _ = _broker.CompleteTurnAsync(Answer("i", Take(fitting), 1), "c");
        Assert.Empty(_broker.Unserved(s_options.UnservedAfter));
    }

    [Fact]
    public void A_busy_worker_is_no_missing_one()
    {
        Connect(new GetWorkItemsRequest { MaxConcurrentOrchestrationWorkItems = 1 });
        Begin("one");
        Begin("two");
        _clock.Advance(TimeSpan.FromMinutes(10));

        Assert.Empty(_broker.Unserved(s_options.UnservedAfter));
    }

    WorkerStream Connect(GetWorkItemsRequest? request = null, string connection = "c")
    {
        var worker = new WorkerStream(request ?? new GetWorkItemsRequest(), connection, "w", s_options);
        _broker.Connect(worker);
        return worker;
    }

    IRemoteTurn Begin(string id, string name = "Order", string? version = null) => _broker
        .Open(new RemoteExecution(new InstanceId(id), s_execution, 0, name, version))
        .Begin([], [new Events.OrchestratorStarted()]);

    string Take(WorkerStream worker) => TakeItem(worker).Token;

    (PendingItem Item, string Token) TakeItem(WorkerStream worker)
    {
        while (worker.Outgoing.TryRead(out var next))
        {
            if (_broker.MarkSent(next.Item, next.Token))
            {
                return next;
            }
        }

        throw new InvalidOperationException("nothing was handed out");
    }

    static OrchestratorResponse Answer(string id, string token, int action) => new()
    {
        InstanceId = id,
        CompletionToken = token,
        Actions = { new OrchestratorAction { Id = action, ScheduleTask = new ScheduleTaskAction { Name = "a" } } },
    };

    static OrchestratorResponse Part(string token, int index, int action, bool partial)
    {
        var part = Answer("i", token, action);
        (part.IsPartial, part.ChunkIndex) = (partial, index);
        return part;
    }

    sealed class NoHistory : IHistorySource
    {
        public ValueTask<IReadOnlyList<Events.SequencedEvent>> ReadAsync(
            InstanceId instance, int generation, long fromSequence, int max, CancellationToken cancel) => new([]);
    }

    sealed class CountedIds : IIdSource
    {
        int _next;

        public Guid NextGuid() => new(++_next, 0, 0, new byte[8]);
    }
}
