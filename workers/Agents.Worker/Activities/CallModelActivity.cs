using System.Globalization;
using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Contracts.Work;
using Agents.Inference.Requests;
using Agents.Inference.Streaming;
using Agents.Worker.Transcripts;

namespace Agents.Worker.Activities;

/// <summary>
/// One attempt at one model call: the view by reference, the request as a list of bytes that exist already, the reply
/// as it came. Never retries; the loop does, by durable timers.
/// </summary>
sealed class CallModelActivity(TranscriptCache cache, ChatClient client, PoolHints hints)
{
    public async Task<ActivityOutcome> RunAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel)
    {
        var transcript = cache.Get(item.InstanceId, item.ExecutionId);
        RenderedView view;
        try
        {
            view = await transcript.ViewAsync(item, context.History, cancel);
        }
        catch (FormatException e)
        {
            return new ActivityOutcome.Failed(new FailureDetails("AG3005", $"AG3005: {e.Message}", IsNonRetriable: true));
        }

        cache.Used(transcript);
        var stream = new ReplyStream(context, view.Input.Reasoning);
        var call = PoolCallOf(item, view);
        hints.Calls(call);
        switch (await client.CallAsync(Request(item, view, call), stream.Add, cancel))
        {
            case ModelOutcome.Replied replied:
                _ = hints.Replied(view.Input.Model, call, ended: replied.Reply.ToolCalls.Count == 0);
                var reply = replied.Reply with { PromptDigest = view.Digest };
                reply = view.Input.Reasoning == ReasoningPolicy.Drop ? reply with { Reasoning = null } : reply;
                stream.End(reply);
                return new ActivityOutcome.Completed(JsonSerializer.Serialize(reply, ContractsJson.Plain.ModelReply));
            case ModelOutcome.Failed failed:
                stream.Retract();
                return new ActivityOutcome.Failed(failed.Error.ToFailure());
            case var other:
                throw new InvalidOperationException($"no activity outcome for {other.GetType().Name}");
        }
    }

    /// <summary>What was hidden changed an earlier part of the prompt: from there on it is another prefix.</summary>
    static PoolCall PoolCallOf(ActivityWorkItem item, RenderedView view) => new(
        item.InstanceId.Value, view.Hidden.ToString(CultureInfo.InvariantCulture), view.Input.Tenant, view.Input.Class ?? RunClass.Interactive);

    static ModelRequest Request(ActivityWorkItem item, RenderedView view, PoolCall call) => new()
    {
        Profile = view.Input.Model,
        Messages = view.Messages,
        Tools = view.Tools,
        OutputTokensMax = view.Input.Limits.OutputTokensPerStep,
        RunId = item.InstanceId.Value,
        Pool = call,

        // Beside tools the schema is told in words (see RunView): servers refuse both, or stop calling tools.
        OutputSchema = view.Input.Tools.Count == 0 ? view.Input.OutputSchema : null,
    };
}
