using Agents.Contracts.Pool;
using Agents.Pool;
using Agents.Pool.Queue;
using Agents.Pool.Routing;
using Agents.Pool.Workers;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Agents.Tests.Pool;

/// <summary>Leases, queue, deadlines and what a pool that starts anew learns, on a clock that the test moves.</summary>
public sealed class DispatcherTests : IAsyncDisposable
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    readonly FakeTimeProvider _clock = new();
    readonly List<Dispatcher> _all = [];

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        foreach (var dispatcher in _all)
        {
            await dispatcher.DisposeAsync();
        }
    }

    Dispatcher Start(PoolOptions? options = null)
    {
        var dispatcher = new Dispatcher(options ?? new PoolOptions { LearnFor = TimeSpan.Zero }, _clock);
        _all.Add(dispatcher);
        return dispatcher;
    }

    static Task<Turn> Ask(Dispatcher dispatcher, PoolRequest? request = null) => dispatcher.AskAsync(request ?? Said.Request(), s_patience, [], Cancel);

    static async Task<Place> PlaceAsync(Task<Turn> turn) => Assert.IsType<Turn.Go>(await turn.WaitAsync(TestKit.Patience.Most, Cancel)).Place;

    static async Task<Turn.Refused> RefusedAsync(Task<Turn> turn) => Assert.IsType<Turn.Refused>(await turn.WaitAsync(TestKit.Patience.Most, Cancel));

    static string Health(Dispatcher dispatcher, string worker) => dispatcher.View().Workers.Single(w => w.Worker == worker).Health;

    [Fact]
    public async Task A_worker_that_misses_its_reports_gets_nothing_until_it_is_heard_again()
    {
        var dispatcher = Start();
        await dispatcher.ReportAsync(Said.Report("a"), Cancel);
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal("ready", Health(dispatcher, "a"));

        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("down", Health(dispatcher, "a"));
        var waiting = Ask(dispatcher);
        Assert.False(waiting.IsCompleted);

        await dispatcher.ReportAsync(Said.Report("a"), Cancel);
        Assert.Equal("a", (await PlaceAsync(waiting)).Worker);
    }

    [Fact]
    public async Task A_worker_that_drains_ends_what_it_has_and_gets_nothing_new()
    {
        var dispatcher = Start();
        await dispatcher.ReportAsync(Said.Report("a", figures: new WorkerFigures()), Cancel);
        var place = await PlaceAsync(Ask(dispatcher));
        Assert.Equal(1, (await dispatcher.ReportAsync(Said.Report("a", state: ModelServerState.Draining), Cancel)).InWork);
        var waiting = Ask(dispatcher);
        Assert.False(waiting.IsCompleted);

        place.End(WorkEnd.Done);
        Assert.Equal(0, (await dispatcher.ReportAsync(Said.Report("a", state: ModelServerState.Draining), Cancel)).InWork);
        Assert.False(waiting.IsCompleted);

        await dispatcher.LeaveAsync("a", "i1", Cancel);
        await dispatcher.ReportAsync(Said.Report("b"), Cancel);
        Assert.Equal("b", (await PlaceAsync(waiting)).Worker);
        Assert.DoesNotContain(dispatcher.View().Workers, w => w.Worker == "a");
    }

    [Fact]
    public async Task Leaving_ends_the_lease_of_that_start_of_the_worker_only()
    {
        var dispatcher = Start();
        await dispatcher.ReportAsync(Said.Report("a", incarnation: "new"), Cancel);
        await dispatcher.LeaveAsync("a", "old", Cancel);
        Assert.Equal("ready", Health(dispatcher, "a"));
    }

    [Fact]
    public async Task What_waits_goes_when_a_place_is_given_back_and_in_its_order()
    {
        var dispatcher = Start();
        await dispatcher.ReportAsync(Said.Report("a"), Cancel);
        var first = await PlaceAsync(Ask(dispatcher));
        var (second, third) = (Ask(dispatcher), Ask(dispatcher));
        Assert.Equal(2, dispatcher.View().Models.Single().Waiting);
        Assert.True(dispatcher.View().Models.Single().QueueTokens >= 200);

        first.End(WorkEnd.Done);
        var place = await PlaceAsync(second);
        Assert.False(third.IsCompleted);
        place.End(WorkEnd.Done);
        place.End(WorkEnd.Done); // a place is given back once
        (await PlaceAsync(third)).End(WorkEnd.Done);
        Assert.Equal((0, 0), (dispatcher.View().Workers.Single().InWork, dispatcher.View().Models.Single().Waiting));
    }

    [Fact]
    public async Task One_that_leaves_the_queue_takes_no_place()
    {
        var dispatcher = Start();
        await dispatcher.ReportAsync(Said.Report("a"), Cancel);
        var first = await PlaceAsync(Ask(dispatcher));
        using var left = new CancellationTokenSource();
        var leaver = dispatcher.AskAsync(Said.Request(), s_patience, [], left.Token);
        var stayer = Ask(dispatcher);
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaver);

        first.End(WorkEnd.Done);
        await PlaceAsync(stayer);
    }

    [Fact]
    public async Task A_deadline_ends_a_wait_and_says_when_to_come_again()
    {
        var dispatcher = Start();
        await dispatcher.ReportAsync(Said.Report("a", figures: new WorkerFigures { RunningMax = 1 }) with { EveryMs = 300_000 }, Cancel);
        await PlaceAsync(Ask(dispatcher));
        var waiting = Ask(dispatcher);
        _clock.Advance(s_patience);
        var refused = await RefusedAsync(waiting);
        Assert.Equal(RefusalKind.WaitedTooLong, refused.Kind);
        Assert.InRange(refused.RetryAfter!.Value.TotalSeconds, 1, 60);
        Assert.Equal(0, dispatcher.View().Models.Single().Waiting);
    }

    [Fact]
    public async Task More_than_may_wait_is_refused_at_once()
    {
        var dispatcher = Start(new PoolOptions { LearnFor = TimeSpan.Zero, Queue = new QueueBounds { RequestsMax = 1 } });
        await dispatcher.ReportAsync(Said.Report("a"), Cancel);
        await PlaceAsync(Ask(dispatcher));
        var waiting = Ask(dispatcher);
        var refused = await RefusedAsync(Ask(dispatcher));
        Assert.Equal(RefusalKind.QueueFull, refused.Kind);
        Assert.NotNull(refused.RetryAfter);
        Assert.False(waiting.IsCompleted);
    }

    [Fact]
    public async Task A_model_nobody_serves_is_refused_and_waited_for_only_while_the_pool_is_new()
    {
        var old = Start();
        Assert.Equal(RefusalKind.UnknownModel, (await RefusedAsync(Ask(old))).Kind);

        var young = Start(new PoolOptions { LearnFor = TimeSpan.FromSeconds(10) });
        var (known, unknown) = (Ask(young), Ask(young, Said.Request(model: "nobody")));
        await young.ReportAsync(Said.Report("a"), Cancel);
        await PlaceAsync(known);
        Assert.False(unknown.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(RefusalKind.UnknownModel, (await RefusedAsync(unknown)).Kind);
    }

    [Fact]
    public async Task A_pool_that_starts_anew_learns_from_reports_who_holds_what()
    {
        var before = Start();
        var reports = new[] { Said.Report("a"), Said.Report("b") };
        foreach (var report in reports)
        {
            await before.ReportAsync(report, Cancel);
        }

        var place = await PlaceAsync(Ask(before, Said.Request("r1", prompt: 5_000)));
        place.End(WorkEnd.Done, new ReplyTokens(5_000, 40, 0));
        var answer = await before.ReportAsync(reports.Single(r => r.Worker == place.Worker), Cancel);
        var held = Assert.Single(answer.Held!);
        Assert.Equal(("run:r1", 5_040), (held.Name, held.Tokens));

        var after = Start();
        Assert.NotEqual(before.Id, after.Id);
        foreach (var report in reports)
        {
            await after.ReportAsync(report.Worker == place.Worker ? report with { Held = [held] } : report, Cancel);
        }

        Assert.Equal(place.Worker, (await PlaceAsync(Ask(after, Said.Request("r1", prompt: 5_100)))).Worker);
    }

    [Fact]
    public async Task A_run_that_ended_is_let_go_and_its_worker_told()
    {
        var dispatcher = Start();
        await dispatcher.ReportAsync(Said.Report("a"), Cancel);
        (await PlaceAsync(Ask(dispatcher, Said.Request("r1")))).End(WorkEnd.Done, new ReplyTokens(100, 5, 0));
        Assert.True(dispatcher.Hear(new RunHint("r1", "run:r1", Ended: false, TimeSpan.FromSeconds(3))));
        Assert.True(dispatcher.Hear(new RunHint("r1", "run:r1", Ended: true, null)));
        Assert.False(dispatcher.Hear(new RunHint("r2", "run:r2", Ended: true, null)));
        var answer = await dispatcher.ReportAsync(Said.Report("a"), Cancel);
        Assert.Equal(["run:r1"], answer.Released);
        Assert.Null(answer.Held);
    }

    [Fact]
    public async Task A_worker_that_fails_is_left_alone_and_then_tried_with_one_request()
    {
        var dispatcher = Start();
        await dispatcher.ReportAsync(Said.Report("a", figures: new WorkerFigures()) with { EveryMs = 300_000 }, Cancel);
        for (var i = 0; i < new BreakerOptions().FailuresMax; i++)
        {
            (await PlaceAsync(Ask(dispatcher))).End(WorkEnd.Failed, failure: "broke");
        }

        Assert.Equal(("down", "broke"), (Health(dispatcher, "a"), dispatcher.View().Workers.Single().Why));
        var (one, two) = (Ask(dispatcher), Ask(dispatcher));
        _clock.Advance(new BreakerOptions().OpenFor);
        var probe = await PlaceAsync(await Task.WhenAny(one, two));
        Assert.False(one.IsCompleted && two.IsCompleted);
        probe.End(WorkEnd.Done);
        await PlaceAsync(one.IsCompleted ? two : one);
        Assert.Equal("ready", Health(dispatcher, "a"));
    }

    [Fact]
    public async Task A_new_start_of_a_worker_holds_nothing_and_is_forgiven()
    {
        var dispatcher = Start();
        await dispatcher.ReportAsync(Said.Report("a"), Cancel);
        (await PlaceAsync(Ask(dispatcher, Said.Request("r1")))).End(WorkEnd.Done);
        Assert.Equal(1, dispatcher.View().Workers.Single().PrefixesHeld);
        await dispatcher.ReportAsync(Said.Report("a", incarnation: "i2"), Cancel);
        Assert.Equal(0, dispatcher.View().Workers.Single().PrefixesHeld);
    }

    [Fact]
    public async Task Another_worker_is_taken_for_one_that_failed_the_request()
    {
        var dispatcher = Start();
        await dispatcher.ReportAsync(Said.Report("a", figures: new WorkerFigures()), Cancel);
        await dispatcher.ReportAsync(Said.Report("b", figures: new WorkerFigures()), Cancel);
        var turn = await dispatcher.AskAsync(Said.Request(), s_patience, ["a"], Cancel);
        Assert.Equal("b", Assert.IsType<Turn.Go>(turn).Place.Worker);
        Assert.Equal("a", dispatcher.AskBeside(Said.Request(), ["b"])!.Worker);
        Assert.Null(dispatcher.AskBeside(Said.Request(), ["a", "b"]));
    }

    [Fact]
    public async Task Stopping_refuses_what_waits_and_what_comes_and_lets_what_is_in_work_end()
    {
        var dispatcher = Start();
        await dispatcher.ReportAsync(Said.Report("a"), Cancel);
        var place = await PlaceAsync(Ask(dispatcher));
        var waiting = Ask(dispatcher);
        var idle = dispatcher.StopAsync();
        Assert.Equal(RefusalKind.Stopping, (await RefusedAsync(waiting)).Kind);
        Assert.Equal(RefusalKind.Stopping, (await RefusedAsync(Ask(dispatcher))).Kind);
        Assert.False(idle.IsCompleted);
        place.End(WorkEnd.Done);
        await idle.WaitAsync(TestKit.Patience.Most, Cancel);
    }

    [Theory]
    [InlineData("http://10.0.0.1:8000/v1")]
    [InlineData("ftp://127.0.0.1/v1")]
    [InlineData("http://me:secret@127.0.0.1/v1")]
    [InlineData("dapr:app")]
    [InlineData("nonsense")]
    public async Task Without_keys_only_this_machines_addresses_are_called(string address)
    {
        var dispatcher = Start();
        var e = await Assert.ThrowsAsync<PoolException>(() => dispatcher.ReportAsync(Said.Report("a", address), Cancel));
        Assert.Equal("AG4052", e.Code);
        Assert.Empty(dispatcher.View().Workers);
    }
}
