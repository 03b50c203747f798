using System.Text.Json;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Inference.Requests;
using Agents.Inference.Streaming;
using Agents.TestKit.Models;
using Xunit;

namespace Agents.Tests.Inference;

/// <summary>A client on a fake server: what tests of the wire share.</summary>
sealed class Wire : IAsyncDisposable
{
    readonly ModelTransport _transport = new();

    Wire(FakeModelServer server, TimeProvider clock, ModelBounds? bounds)
    {
        Server = server;
        Client = new ChatClient(_transport.For, clock, name => Variables.GetValueOrDefault(name), bounds);
        Profile = new ModelProfile { Name = "test/fake", BaseUrl = server.BaseUrl, Model = "fake" };
    }

    public FakeModelServer Server { get; }
    public ChatClient Client { get; }
    public ModelProfile Profile { get; set; }
    public Dictionary<string, string> Variables { get; } = [];
    public List<ModelDelta> Deltas { get; } = [];

    public string Shown(ModelDeltaKind kind) => string.Concat(Deltas.Where(d => d.Kind == kind).Select(d => d.Text));

    public static async Task<Wire> StartAsync(TimeProvider? clock = null, ModelBounds? bounds = null) => new(
        await FakeModelServer.StartAsync(TestContext.Current.CancellationToken), clock ?? TimeProvider.System, bounds);

    public static readonly ToolSpec Weather = new()
    {
        Name = "get_weather",
        Description = "Weather of a city",
        Parameters = Json("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"""),
    };

    public ModelRequest Request(bool tools = true) => new()
    {
        Profile = Profile,
        Messages = [new MessageRenderer(Profile).User("What is the weather in Paris?")],
        Tools = tools ? ToolRenderer.Render([Weather]) : [],
    };

    public Task<ModelOutcome> CallAsync(ModelRequest? request = null, CancellationToken? cancel = null) =>
        Client.CallAsync(request ?? Request(), Deltas.Add, cancel ?? TestContext.Current.CancellationToken);

    public async Task<ModelReply> ReplyAsync(FakeReply reply, ModelRequest? request = null)
    {
        Server.Enqueue(reply);
        var outcome = await CallAsync(request);
        return outcome is ModelOutcome.Replied { Reply: var got } ? got : throw new InvalidOperationException(outcome.ToString());
    }

    public async Task<ModelError> ErrorAsync(FakeReply reply, ModelRequest? request = null)
    {
        Server.Enqueue(reply);
        var outcome = await CallAsync(request);
        return outcome is ModelOutcome.Failed { Error: var error } ? error : throw new InvalidOperationException(outcome.ToString());
    }

    public static JsonElement Json(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    public async ValueTask DisposeAsync()
    {
        _transport.Dispose();
        await Server.DisposeAsync();
    }
}
