using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Agents.Contracts.Runs;
using Agents.Contracts.Work;
using Agents.TestKit.Models;
using Agents.Tests.Loop;
using Agents.Worker;
using Agents.Worker.Activities;
using Microsoft.Extensions.Time.Testing;

using Xunit;

namespace Agents.Tests.Worker;

/// <summary>A worker whose model answers in memory and whose tools are a function; every request body is kept.</summary>
sealed class WorkerRig
{
    readonly Dictionary<int, FakeActivityContext> _contexts = [];

    public WorkerRig(Func<int, string> model, Func<ToolWork, ActivityOutcome>? tools = null, long bytesMax = 96 << 20)
    {
        Tools = tools;
        Handler = new ModelHandler(model);
        Worker = new AgentWorker(new AgentWorkerOptions
        {
            Clock = new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)),
            Models = _ => new HttpMessageInvoker(Handler),
            Tools = (work, _) =>
            {
                ToolRequests.Add(work);
                return Task.FromResult(Tools?.Invoke(work) ?? Replied("done"));
            },
            Variable = _ => "key",
            TranscriptBytesMax = bytesMax,
        });
        Engine = new FakeEngine(RunAsync, "run-1", Worker.Orchestrators) { CheckReplay = false };
    }

    public ModelHandler Handler { get; }

    public Func<ToolWork, ActivityOutcome>? Tools { get; set; }

    public AgentWorker Worker { get; }

    public FakeEngine Engine { get; }

    public List<ToolWork> ToolRequests { get; } = [];

    public List<(ActivityWorkItem Item, ActivityOutcome Outcome)> Ran { get; } = [];

    public Action<ActivityWorkItem>? Before { get; set; }

    public FakeActivityContext ContextOf(int taskId) => _contexts[taskId];

    public int Reads => _contexts.Values.Sum(c => c.Reads);

    public static ActivityOutcome Replied(string content) => LoopScript.Result(content);

    /// <summary>Messages of request n, as JSON text each.</summary>
    public string[] Messages(int n) =>
        [.. JsonNode.Parse(Handler.Bodies[n])!["messages"]!.AsArray().Select(m => m!.ToJsonString())];

    async Task<ActivityOutcome> RunAsync(ActivityWorkItem item, FakeActivityContext context)
    {
        Before?.Invoke(item);
        _contexts[item.TaskId] = context;
        Assert.True(Worker.Activities.CanRun(item.Name, item.Version));
        var outcome = await Worker.Activities.RunAsync(item, context, TestContext.Current.CancellationToken);
        Ran.Add((item, outcome));
        return outcome;
    }
}

/// <summary>A model behind no network: the body of reply n is given by a function.</summary>
sealed class ModelHandler(Func<int, string> reply) : HttpMessageHandler
{
    public List<string> Bodies { get; } = [];

    /// <summary>Changes a reply before it is sent.</summary>
    public Func<string, string> Rewrite { get; set; } = body => body;

    public static string Events(params string[] data) => string.Concat(data.Select(d => $"data: {d}\n\n")) + "data: [DONE]\n\n";

    public static string Calls(string reasoning, params (string Name, string Arguments)[] calls) => Events(
    [
        Chunks.Delta($$"""{"role":"assistant","reasoning_content":{{Chunks.Quote(reasoning)}}}"""),
        .. calls.Select((c, i) => Chunks.Call(i, $"functions.{c.Name}:{i}", c.Name, c.Arguments)),
        Chunks.Finish("tool_calls"),
        Chunks.Usage(100, 20),
    ]);

    public static string Answer(string content, string reasoning = "I know.") => Events(
        Chunks.Delta($$"""{"role":"assistant","reasoning_content":{{Chunks.Quote(reasoning)}}}"""),
        Chunks.Delta($$"""{"content":{{Chunks.Quote(content)}}}"""),
        Chunks.Finish("stop"),
        Chunks.Usage(100, 10));

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        Bodies.Add(await request.Content!.ReadAsStringAsync(cancel));
        return new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = new StringContent(Rewrite(reply(Bodies.Count - 1)), Encoding.UTF8, "text/event-stream"),
        };
    }
}
