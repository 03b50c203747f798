using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Agents.Contracts.Work;

namespace Agents.Bench.Workload;

/// <summary>
/// A model server without a network: takes the request of the real client, writes its body to nowhere, answers a stream
/// with text and one tool call. It stands below everything the product does for a model call.
/// </summary>
sealed class PlayedServer(Words words, AgentRuns runs) : HttpMessageHandler
{
    readonly AsyncLocal<Call?> _current = new();

    /// <summary>Sees each request once it is written: step of the run, time since the activity began, bytes.</summary>
    public required Action<int, TimeSpan, long> Requested { get; init; }

    /// <summary>The request of this step is never answered.</summary>
    public int? SilentAt { get; init; }

    /// <summary>The activities, with each model call known to this server.</summary>
    public IActivityHost Watch(IActivityHost inner) => new Watched(inner, this);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var call = _current.Value ?? throw new InvalidOperationException("a request outside of an activity");
        await request.Content!.CopyToAsync(Stream.Null, cancellationToken);
        Requested(call.Step, Stopwatch.GetElapsedTime(call.Began), request.Content.Headers.ContentLength ?? 0);
        if (call.Step == SilentAt)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        return new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = new ByteArrayContent(Answer(call)) { Headers = { ContentType = new MediaTypeHeaderValue("text/event-stream") } },
        };
    }

    byte[] Answer(Call call)
    {
        var arguments = AgentRuns.Arguments(call.Step);
        var text = words.Text(call.Item.InstanceId, call.Item.TaskId, Math.Max(1, runs.Bytes - arguments.Length));
        return Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $$$"""
            data: {"choices":[{"index":0,"delta":{"role":"assistant","content":{{{Json(text)}}}}}]}

            data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_{{{call.Step}}}","type":"function","function":{"name":"{{{AgentRuns.Tool}}}","arguments":{{{Json(arguments)}}}}}]},"finish_reason":"tool_calls"}]}

            data: {"choices":[],"usage":{"prompt_tokens":{{{call.Step}}},"completion_tokens":1,"total_tokens":{{{call.Step + 1}}}}}

            data: [DONE]


            """));
    }

    static string Json(string text) => JsonSerializer.Serialize(text);

    sealed record Call(ActivityWorkItem Item, int Step, long Began);

    sealed class Watched(IActivityHost inner, PlayedServer server) : IActivityHost
    {
        public bool CanRun(string name, string? version) => inner.CanRun(name, version);

        public async Task<ActivityOutcome> RunAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel)
        {
            if (item.Name == Loop.AgentRun.CallModel)
            {
                var step = Loop.View.ModelCallInput.Parse(item.Input).Step;
                server._current.Value = new Call(item, step, Stopwatch.GetTimestamp());
            }

            return await inner.RunAsync(item, context, cancel);
        }
    }
}
