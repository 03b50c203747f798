using System.Text.Json;
using Agents.Contracts.Effects;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Contracts.Work;
using Agents.Tools;
using Agents.Tools.Catalogue;
using Agents.Tools.Running;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Agents.Tests.Tools;

/// <summary>Tools that are activities of connected workers: what a worker is given and what its answer means.</summary>
public sealed class WorkerToolTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("agents-workers-").FullName;
    readonly List<WorkerCall> _calls = [];
    readonly FakeTimeProvider _clock = new();
    WorkerAnswer _answer = new WorkerAnswer.Completed("\"ok\"");
    WorkerAnswer _found = new WorkerAnswer.Completed("""{"happened":true,"result":{"id":7}}""");

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_worker_reads_the_arguments_and_the_key()
    {
        var run = await CallAsync("Idempotent", "\"Charge\"");

        var call = Assert.Single(_calls);
        Assert.Equal(("Charge", null, (CallAttempt?)null), (call.Name, call.Version, call.Once));
        Assert.Equal($$"""{"amount":5,"idempotencyKey":"{{new string('f', 64)}}"}""", call.Input);
        Assert.Equal("charge", call.Tags!["tool"]);
        Assert.Equal("ok", Assert.IsType<ToolRun.Replied>(run).Reply.Content);
    }

    [Fact]
    public async Task A_read_is_given_its_arguments_as_they_are()
    {
        await CallAsync("ReadOnly", """{"name":"Charge","version":"2"}""");

        var call = Assert.Single(_calls);
        Assert.Equal(("""{"amount":5}""", "2"), (call.Input, call.Version));
    }

    [Fact]
    public async Task An_effect_that_may_happen_once_goes_out_under_its_attempt()
    {
        await CallAsync("AtMostOnce", """{"name":"Charge","keyAs":"ref","timeout":"90s"}""");

        var call = Assert.Single(_calls);
        Assert.Equal(new CallAttempt(new string('f', 64), "attempt"), call.Once);
        Assert.Equal(TimeSpan.FromSeconds(90), call.Timeout);
        Assert.True(JsonElement.Parse(call.Input!).TryGetProperty("ref", out _));
    }

    [Fact]
    public async Task Arguments_that_do_not_meet_the_schema_reach_no_worker()
    {
        var run = await CallAsync("Idempotent", "\"Charge\"", """{"amount":"much"}""");

        Assert.Empty(_calls);
        Assert.True(Assert.IsType<ToolRun.Replied>(run).Reply.IsBadCall);
    }

    [Theory]
    [InlineData("ReadOnly", "AG5008")]
    [InlineData("Idempotent", "AG5008")]
    public async Task A_worker_that_was_given_up_on_is_a_fault_that_is_tried_again(string effect, string code)
    {
        _answer = new WorkerAnswer.Lost("gone");

        var failed = Assert.IsType<ToolRun.Failed>(await CallAsync(effect, "\"Charge\"")).Failure;

        Assert.Equal((code, false), (failed.ErrorType, failed.IsNonRetriable));
    }

    [Fact]
    public async Task An_effect_whose_worker_was_lost_is_in_doubt()
    {
        _answer = new WorkerAnswer.Lost("gone");

        Assert.Contains("gone", Assert.IsType<ToolRun.InDoubt>(await CallAsync("AtMostOnce", "\"Charge\"")).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_probe_tells_what_became_of_it()
    {
        _answer = new WorkerAnswer.Lost("gone");

        var run = Assert.IsType<ToolRun.Replied>(await CallAsync("AtMostOnce", """{"name":"Charge","probe":"WasCharged"}"""));

        Assert.Equal("""{"id":7}""", run.Reply.Content);
        Assert.Equal(["Charge", "WasCharged"], _calls.Select(c => c.Name));
        Assert.Null(_calls[1].Once);
    }

    [Theory]
    [InlineData("""{"happened":false}""", false)]
    [InlineData("""{"happened":false,"fences":true}""", true)]
    public async Task A_probe_that_found_nothing_counts_where_it_fences(string answer, bool counts)
    {
        (_answer, _found) = (new WorkerAnswer.Lost("gone"), new WorkerAnswer.Completed(answer));

        var run = await CallAsync("AtMostOnce", """{"name":"Charge","probe":"WasCharged"}""");

        Assert.Equal(counts, run is ToolRun.Replied { Reply.IsError: true });
        Assert.Equal(!counts, run is ToolRun.InDoubt);
    }

    [Theory]
    [InlineData("""{"happened":false}""", false)]
    [InlineData("""{"happened":false,"fences":true}""", true)]
    public async Task A_restarted_host_proves_nothing_of_the_worker_that_has_the_call(string answer, bool counts)
    {
        _found = new WorkerAnswer.Completed(answer);
        await using var catalogue = Catalogue();
        var tools = (await ResolveAsync(catalogue, "AtMostOnce", """{"name":"Charge","probe":"WasCharged"}""")).Tools;
        var asked = Request("""{"amount":5}""", _ => { }) with { Mode = ActivityMode.Reconcile, PredecessorGone = true };
        var run = await new ToolRunner(catalogue).RunAsync(Run(tools), asked, Cancel);

        Assert.Equal(counts, run is ToolRun.Absent);
        Assert.Equal(!counts, run is ToolRun.InDoubt);
    }

    [Theory]
    [InlineData("AtMostOnce", "Error", "reply")]
    [InlineData("AtMostOnce", "InDoubt", "in doubt")]
    [InlineData("Idempotent", "Error", "reply")]
    [InlineData("Idempotent", "InDoubt", "reply")]
    public async Task What_an_activity_throws_is_read_by_the_model_unless_it_cannot_tell(string effect, string type, string means)
    {
        _answer = new WorkerAnswer.Failed(new FailureDetails(type, "no such card"));

        var run = await CallAsync(effect, "\"Charge\"");

        Assert.Equal(means, run switch { ToolRun.Replied { Reply.IsError: true } => "reply", ToolRun.InDoubt => "in doubt", _ => "?" });
    }

    [Fact]
    public async Task With_retry_a_failure_is_tried_again()
    {
        _answer = new WorkerAnswer.Failed(new FailureDetails("Error", "busy"));

        var failed = Assert.IsType<ToolRun.Failed>(await CallAsync("Idempotent", """{"name":"Charge","retry":true}""")).Failure;

        Assert.Equal(("AG5013", false), (failed.ErrorType, failed.IsNonRetriable));
    }

    [Theory]
    [InlineData("AtMostOnce", """{"name":"Charge","retry":true}""")]
    [InlineData("Idempotent", """{"name":"Charge","keyAs":"amount"}""")]
    [InlineData("Idempotent", """{"name":"Charge","timeout":"soon"}""")]
    [InlineData("Idempotent", """{"name":"Charge","tiemout":"1m"}""")]
    [InlineData("Idempotent", """{"version":"1"}""")]
    [InlineData("Idempotent", "7")]
    public async Task A_wrong_entry_is_refused_by_name(string effect, string activity)
    {
        await using var catalogue = Catalogue();

        var problem = Assert.Single((await ResolveAsync(catalogue, effect, activity)).Problems);

        Assert.Equal(ToolErrors.BadToolEntry, problem.Code);
    }

    [Fact]
    public async Task Without_an_endpoint_the_call_waits_and_says_so()
    {
        await using var catalogue = new ToolCatalogue(new ToolEnvironment { DataDirectory = _folder, Clock = _clock });
        var tools = (await ResolveAsync(catalogue, "Idempotent", "\"Charge\"")).Tools;
        var said = new TaskCompletionSource<string?>();
        using var stop = new CancellationTokenSource();

        var run = new ToolRunner(catalogue).RunAsync(Run(tools), Request("""{"amount":5}""", v => said.TrySetResult(v)), stop.Token);
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Contains("no compatible worker for Charge", await said.Task, StringComparison.Ordinal);
        said = new TaskCompletionSource<string?>();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    async Task<ToolRun> CallAsync(string effect, string activity, string arguments = """{"amount":5}""")
    {
        await using var catalogue = Catalogue();
        var tools = (await ResolveAsync(catalogue, effect, activity)).Tools;
        return await new ToolRunner(catalogue).RunAsync(Run(tools), Request(arguments, _ => { }), Cancel);
    }

    static Task<ToolResolution> ResolveAsync(ToolCatalogue catalogue, string effect, string activity) => catalogue.ResolveAsync(
        [
            JsonElement.Parse($$"""
                {"name":"charge","effect":"{{effect}}","activity":{{activity}},
                 "parameters":{"type":"object","properties":{"amount":{"type":"integer"} } } }
                """),
        ],
        new ToolSettings(), Cancel);

    ToolCatalogue Catalogue() => new(new ToolEnvironment { DataDirectory = _folder, Clock = _clock, Workers = new Workers(this) });

    static RunInput Run(IReadOnlyList<ToolSpec> tools) => new()
    {
        Name = "r", Goal = "g", Tools = tools,
        Model = new ModelProfile { Name = "m", Model = "m", BaseUrl = "http://127.0.0.1:1/v1", ContextTokens = 1_000 },
    };

    static ToolRequest Request(string arguments, Action<string?> waits) => new()
    {
        RunId = "run",
        Call = new ToolCall(0, "c", "charge", arguments),
        Key = new string('f', 64),
        AttemptToken = "attempt",
        MayAct = () => true,
        Place = new ToolPlace
        {
            ExecutionId = new ExecutionId(new string('a', 32)), TaskId = 7, IsHeld = () => false, GoElsewhere = () => { },
            Settled = Task.CompletedTask, Waits = waits,
        },
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    sealed class Workers(WorkerToolTests test) : IConnectedWorkers
    {
        public Task<WorkerAnswer> CallAsync(WorkerCall call, CancellationToken cancel)
        {
            test._calls.Add(call);
            Assert.True(call.MayGo());
            return Task.FromResult(call.Name == "WasCharged" ? test._found : test._answer);
        }
    }
}
