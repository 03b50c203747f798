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

namespace Agents.Tests.Endpoint;

/// <summary>Activities that tools call on connected workers: who gets them, and what is said when nobody does.</summary>
public sealed class WorkerCallTests
{
    static readonly DurableTaskOptions s_options = new();

    readonly FakeTimeProvider _clock = new();
    readonly WorkBroker _broker;
    readonly List<bool> _unserved = [];
    readonly TaskCompletionSource _kept = new();
    readonly List<LateAnswer> _late = [];
    bool _mayGo = true;

    public WorkerCallTests() => _broker = new WorkBroker(
        (_, _) => true, s_options, new EngineEnvironment(_clock, new Ids(), NullLogger.Instance))
    {
        Late = late =>
        {
            _late.Add(late);
            return Task.CompletedTask;
        },
    };

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_waits_for_a_worker_that_takes_it_and_is_acknowledged_once_kept()
    {
        Connect("other");
        var call = _broker.CallAsync(Call(), Cancel);
        Assert.Equal([true], _unserved);
        Assert.Equal(("Charge", 1), _broker.Unserved(TimeSpan.Zero).Select(u => (u.Name, u.Count)).Single());
        var worker = Connect("charge");
        Assert.Equal([true, false], _unserved);

        var told = Complete(Take(worker), "\"done\"");
        Assert.Equal("\"done\"", Assert.IsType<WorkerAnswer.Completed>(await call).Result);
        Assert.False(told.IsCompleted);
        _kept.SetResult();
        await told;
        Assert.Empty(_broker.Unserved(TimeSpan.Zero));
    }

    [Fact]
    public async Task A_call_that_may_be_repeated_goes_to_another_worker_and_the_first_one_is_too_late()
    {
        var first = Connect("charge");
        var call = _broker.CallAsync(Call(), Cancel);
        var old = Take(first);
        _broker.Disconnect(first);
        var second = Connect("charge");
        _clock.Advance(s_options.Grace);
        var token = Take(second);
        await Complete(old, "1");
        Assert.False(call.IsCompleted);
        Assert.Equal(1, _broker.StaleCompletions);
        _kept.SetResult();
        await Complete(token, "2");

        Assert.Equal("2", Assert.IsType<WorkerAnswer.Completed>(await call).Result);
    }

    [Fact]
    public async Task A_call_that_may_be_run_once_goes_to_no_other_worker_and_a_late_answer_is_evidence()
    {
        var first = Connect("charge");
        var call = _broker.CallAsync(Call(once: true), Cancel);
        var token = Take(first);
        _broker.Disconnect(first);
        var second = Connect("charge");
        _clock.Advance(s_options.Grace);
        Assert.False(second.Outgoing.TryRead(out _));
        Assert.Contains("lost its connection", Assert.IsType<WorkerAnswer.Lost>(await call).Why, StringComparison.Ordinal);
        await Complete(token, "\"late\"");

        var late = Assert.Single(_late);
        Assert.Equal((new CallAttempt("k1", "t1"), "run"), (late.Attempt, late.InstanceId.Value));
        Assert.Equal("\"late\"", Assert.IsType<WorkerAnswer.Completed>(late.Answer).Result);
    }

    [Fact]
    public async Task A_worker_that_does_not_answer_in_its_time_is_given_up_on()
    {
        var worker = Connect("charge");
        var call = _broker.CallAsync(Call(once: true), Cancel);
        Take(worker);
        _clock.Advance(TimeSpan.FromMinutes(2));

        Assert.IsType<WorkerAnswer.Lost>(await call);
    }

    [Fact]
    public async Task Waiting_for_a_worker_takes_no_time_of_the_call()
    {
        var call = _broker.CallAsync(Call(once: true), Cancel);
        _clock.Advance(TimeSpan.FromHours(3));
        Assert.False(call.IsCompleted);
        var token = Take(Connect("charge"));
        _kept.SetResult();
        await Complete(token, "1");

        Assert.IsType<WorkerAnswer.Completed>(await call);
    }

    [Fact]
    public async Task What_may_not_begin_any_more_is_not_handed_out()
    {
        _mayGo = false;
        var call = _broker.CallAsync(Call(once: true), Cancel);
        var worker = Connect("charge");
        while (worker.Outgoing.TryRead(out var next))
        {
            Assert.False(_broker.MarkSent(next.Item, next.Token));
        }

        Assert.IsType<WorkerAnswer.NotStarted>(await call);
        Assert.Empty(worker.Holds);
    }

    [Fact]
    public async Task A_worker_without_filters_that_does_not_know_the_activity_is_not_asked_again()
    {
        var any = Connect(null);
        var call = _broker.CallAsync(Call(once: true), Cancel);
        await _broker.CompleteActivityAsync(
            null!,
            new ActivityResponse
            {
                InstanceId = "run", TaskId = 7, CompletionToken = Take(any),
                FailureDetails = new TaskFailureDetails { ErrorType = "ActivityNotRegisteredError", ErrorMessage = "not registered" },
            },
            "c", Cancel);
        Assert.True(_unserved[^1]);
        Assert.False(any.Outgoing.TryRead(out _));
        var token = Take(Connect("charge"));
        _kept.SetResult();
        await Complete(token, "1");

        Assert.IsType<WorkerAnswer.Completed>(await call);
    }

    [Fact]
    public async Task A_cancelled_call_is_taken_back_wherever_it_is()
    {
        using var stop = new CancellationTokenSource();
        var worker = Connect("charge");
        var call = _broker.CallAsync(Call(), stop.Token);
        var token = Take(worker);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await Complete(token, "1");

        Assert.Equal(1, _broker.StaleCompletions);
        Assert.Empty(worker.Holds);
    }

    [Fact]
    public async Task A_worker_is_told_to_say_it_again_where_nobody_could_keep_it()
    {
        var worker = Connect("charge");
        _ = _broker.CallAsync(Call(), Cancel);
        var told = Complete(Take(worker), "1");
        _clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => told)).StatusCode);
    }

    Task Complete(string token, string result) => _broker.CompleteActivityAsync(
        null!, new ActivityResponse { InstanceId = "run", TaskId = 7, CompletionToken = token, Result = result }, "c", Cancel);

    WorkerCall Call(bool once = false) => new()
    {
        InstanceId = new InstanceId("run"),
        ExecutionId = new ExecutionId(new string('a', 32)),
        TaskId = 7,
        Name = "Charge",
        Input = "{}",
        Once = once ? new CallAttempt("k1", "t1") : null,
        Timeout = TimeSpan.FromMinutes(2),
        MayGo = () => _mayGo,
        Unserved = _unserved.Add,
        Kept = _kept.Task,
    };

    WorkerStream Connect(string? takes)
    {
        var request = new GetWorkItemsRequest();
        if (takes is not null)
        {
            request.WorkItemFilters = new WorkItemFilters { Activities = { new ActivityFilter { Name = takes } } };
        }

        var worker = new WorkerStream(request, "c", "w", s_options);
        _broker.Connect(worker);
        return worker;
    }

    string Take(WorkerStream worker)
    {
        while (worker.Outgoing.TryRead(out var next))
        {
            if (_broker.MarkSent(next.Item, next.Token))
            {
                return next.Token;
            }
        }

        throw new InvalidOperationException("nothing was handed out");
    }

    sealed class Ids : IIdSource
    {
        int _next;

        public Guid NextGuid() => new(++_next, 0, 0, new byte[8]);
    }
}
