using System.Collections.Concurrent;
using Agents.Contracts.Pool;
using Agents.GpuWorker;
using Agents.GpuWorker.Keeping;
using Agents.GpuWorker.Probing;
using Agents.TestKit;
using Agents.TestKit.Models;
using Xunit;

namespace Agents.Tests.GpuWorker;

/// <summary>A worker between a server that says what the test wants and a desk that keeps what it reports.</summary>
public sealed class ModelWorkerTests : IAsyncLifetime
{
    const string Models = """{"object":"list","data":[{"id":"kimi","object":"model","max_model_len":4096}]}""";

    FakeModelServer _server = null!;
    volatile int _health = 200;

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await FakeModelServer.StartAsync(Cancel);
        _server.Otherwise = request => request.Path switch
        {
            "/health" => FakeReply.Json(_health, "{}"),
            "/v1/models" => FakeReply.Json(200, Models),
            "/metrics" => new FakeReply { ContentType = "text/plain", Parts = [new FakePart.Text("vllm:num_requests_running 0\n")] },
            _ => FakeReply.Json(404, "{}"),
        };
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    ModelWorker Worker(IWorkerDesk desk, IModelServerKeep? keep = null, int drainSeconds = 60)
    {
        keep ??= new AttachedServer(_server.BaseUrl);
        return new ModelWorker(
            new ModelWorkerOptions { Name = "w", Every = TimeSpan.FromMilliseconds(50), DrainWithin = TimeSpan.FromSeconds(drainSeconds) }, keep,
            new ServerProbe(new HttpMessageInvoker(new SocketsHttpHandler()), _server.BaseUrl, "key", TimeProvider.System), desk, TimeProvider.System);
    }

    [Fact]
    public async Task It_reports_what_the_server_says_of_itself()
    {
        var desk = new Desk();
        await Worker(desk).ReportAsync(draining: false, Cancel);
        var report = desk.Reports.Single();
        Assert.Equal((ModelServerState.Ready, "vllm", _server.BaseUrl), (report.State, report.Server, report.Address));
        Assert.Equal("kimi", Assert.Single(report.Models));
        Assert.Equal((4_096, 0), (report.Figures.ContextTokens, report.Figures.Running));
        Assert.All(_server.Requests, r => Assert.Equal("Bearer key", r.Headers["Authorization"]));
    }

    [Fact]
    public async Task A_server_that_loads_is_starting_and_one_that_stops_answering_failed()
    {
        var desk = new Desk();
        var worker = Worker(desk);
        _health = 503;
        await worker.ReportAsync(draining: false, Cancel);
        _health = 200;
        await worker.ReportAsync(draining: false, Cancel);
        _health = 500;
        await worker.ReportAsync(draining: false, Cancel);
        await worker.ReportAsync(draining: false, Cancel);
        Assert.Equal(
            [ModelServerState.Starting, ModelServerState.Ready, ModelServerState.Ready, ModelServerState.Failed], desk.Reports.Select(r => r.State));
        Assert.Contains("500", desk.Reports.Last().Why!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_pool_is_told_what_older_ones_said_is_held()
    {
        var desk = new Desk { Answer = _ => new PoolAnswer { Pool = "first", InWork = 0, Held = [new HeldNote("run:a", 10), new HeldNote("run:b", 20)] } };
        var worker = Worker(desk);
        await worker.ReportAsync(draining: false, Cancel);
        desk.Answer = _ => new PoolAnswer { Pool = "first", InWork = 0, Released = ["run:a"] };
        await worker.ReportAsync(draining: false, Cancel);
        desk.Answer = _ => new PoolAnswer { Pool = "second", InWork = 0 };
        await worker.ReportAsync(draining: false, Cancel);
        Assert.Equal([new HeldNote("run:b", 20)], desk.Reports.Last().Held);
        Assert.Single(desk.Reports.Select(r => r.Incarnation).Distinct());
    }

    [Fact]
    public async Task It_drains_until_nothing_is_in_work_and_leaves()
    {
        var inWork = 2;
        var desk = new Desk { Answer = r => new PoolAnswer { Pool = "p", InWork = r.State == ModelServerState.Draining ? Interlocked.Decrement(ref inWork) + 1 : 2 } };
        using var stop = new CancellationTokenSource();
        var running = Worker(desk).RunAsync(stop.Token, Cancel);
        await Patience.UntilAsync(() => Task.FromResult(!desk.Reports.IsEmpty));
        await stop.CancelAsync();
        await running.WaitAsync(Patience.Most, Cancel);
        Assert.Equal(3, desk.Reports.Count(r => r.State == ModelServerState.Draining)); // in work: 2, 1, 0
        Assert.Equal("w", Assert.Single(desk.Left));
    }

    [Fact]
    public async Task A_pool_that_is_away_is_tried_again_and_one_that_refuses_at_first_ends_the_worker()
    {
        var asked = 0;
        var away = new Desk { Answer = _ => Interlocked.Increment(ref asked) < 3 ? throw new HttpRequestException("away") : new PoolAnswer { Pool = "p", InWork = 0 } };
        using var stop = new CancellationTokenSource();
        var running = Worker(away).RunAsync(stop.Token, Cancel);
        await Patience.UntilAsync(() => Task.FromResult(Volatile.Read(ref asked) > 3));
        await stop.CancelAsync();
        await running.WaitAsync(Patience.Most, Cancel);

        var refusing = new Desk { Answer = _ => throw new GpuWorkerException("AG4054", "no", "give a key") };
        await Assert.ThrowsAsync<GpuWorkerException>(() => Worker(refusing).RunAsync(Cancel, Cancel).WaitAsync(Patience.Most, Cancel));
    }

    [Fact]
    public async Task A_supervised_server_is_started_again_and_stopped_with_its_worker()
    {
        var lines = new ConcurrentQueue<string>();
        var options = new SupervisedOptions
        {
            Command = ["/bin/sh", "-c", "echo up $$; trap 'echo down; exit 0' TERM; while :; do read line || sleep 1; done"],
            BaseUrl = _server.BaseUrl, RestartAfter = TimeSpan.FromMilliseconds(10), Said = lines.Enqueue,
        };
        await using (var keep = new SupervisedServer(options, TimeProvider.System))
        {
            await keep.StartAsync(Cancel);
            await Patience.UntilAsync(() => Task.FromResult(lines.Count(l => l.StartsWith("up", StringComparison.Ordinal)) == 1));
            var first = keep.ProcessId;
            System.Diagnostics.Process.GetProcessById(first!.Value).Kill();
            await Patience.UntilAsync(() => Task.FromResult(lines.Count(l => l.StartsWith("up", StringComparison.Ordinal)) == 2));
            Assert.NotEqual(first, keep.ProcessId);
            Assert.Null(keep.Trouble);
        }

        Assert.Contains("down", lines);
    }

    [Fact]
    public async Task A_command_that_is_not_there_is_a_clear_fault()
    {
        await using var keep = new SupervisedServer(new SupervisedOptions { Command = ["/no/such/vllm"], BaseUrl = _server.BaseUrl }, TimeProvider.System);
        var e = await Assert.ThrowsAsync<GpuWorkerException>(() => keep.StartAsync(Cancel));
        Assert.Equal("AG4053", e.Code);
        Assert.Contains("/no/such/vllm", e.Message, StringComparison.Ordinal);
    }

    sealed class Desk : IWorkerDesk
    {
        public ConcurrentQueue<WorkerReport> Reports { get; } = new();

        public ConcurrentQueue<string> Left { get; } = new();

        public Func<WorkerReport, PoolAnswer> Answer { get; set; } = _ => new PoolAnswer { Pool = "p", InWork = 0 };

        public Task<PoolAnswer> ReportAsync(WorkerReport report, CancellationToken cancel)
        {
            Reports.Enqueue(report);
            return Task.FromResult(Answer(report));
        }

        public Task LeaveAsync(string worker, string incarnation, CancellationToken cancel)
        {
            Left.Enqueue(worker);
            return Task.CompletedTask;
        }
    }
}
