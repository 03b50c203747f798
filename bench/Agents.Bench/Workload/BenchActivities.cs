using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Transcript;
using Agents.Contracts.Work;
using Agents.Loop;
using Agents.Replay;
using Agents.Worker.Transcripts;

namespace Agents.Bench.Workload;

/// <summary>
/// The activities of the workload without a network: the view of every model call is folded, rendered and digested by
/// the worker's own code, and only the server's answer is made up. No delay.
/// </summary>
sealed class BenchActivities(Words words, AgentRuns runs) : IActivityHost
{
    const long ConversationBytesMax = 256L << 20;

    // The model's message is text and a tool call with arguments; both together are the bytes the workload asks for.
    const int TokensPerKilobyte = 256;

    readonly TranscriptCache _conversations = new(ConversationBytesMax);
    IOrchestratorHost? _orchestrators;

    /// <summary>The agent loop, its turns shown to the conversations as in the product.</summary>
    public IOrchestratorHost Orchestrators =>
        _orchestrators ??= new ObservedOrchestrators(new OrchestratorHost([AgentRun.Registration]), _conversations);

    public StepTimes Times { get; } = new();

    /// <summary>Asked before an activity answers, with its number in the run from 1. Null: nothing is asked.</summary>
    public Func<ActivityWorkItem, int, CancellationToken, Task>? Before { get; set; }

    public bool CanRun(string name, string? version) => name is AgentRun.CallModel or AgentRun.RunTool;

    public async Task<ActivityOutcome> RunAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel)
    {
        var number = Times.Began(item.InstanceId);
        if (Before is { } before)
        {
            await before(item, number, cancel);
        }

        var conversation = _conversations.Get(item.InstanceId, item.ExecutionId);
        var result = item.Name == AgentRun.CallModel
            ? await AnswerAsync(item, context, conversation, cancel)
            : await LookAsync(item, context, conversation, cancel);
        _conversations.Used(conversation);
        return result;
    }

    async Task<ActivityOutcome> AnswerAsync(
        ActivityWorkItem item, IActivityContext context, RunTranscript conversation, CancellationToken cancel)
    {
        var view = await conversation.ViewAsync(item, context.History, cancel);
        var arguments = AgentRuns.Arguments(view.Call.Step);
        var reply = new ModelReply
        {
            Content = words.Text(item.InstanceId, item.TaskId, Math.Max(1, runs.Bytes - arguments.Length)),
            ToolCalls = [new ToolCall(0, $"call_{view.Call.Step}", AgentRuns.Tool, arguments)],
            Finish = FinishReason.ToolCalls,
            Usage = new TokenUsage(InMiss: view.Messages.Count * TokensPerKilobyte, Out: TokensPerKilobyte),
            PromptDigest = view.Digest,
        };
        return new ActivityOutcome.Completed(JsonSerializer.Serialize(reply, ContractsJson.Plain.ModelReply));
    }

    async Task<ActivityOutcome> LookAsync(
        ActivityWorkItem item, IActivityContext context, RunTranscript conversation, CancellationToken cancel)
    {
        var call = await conversation.CallAsync(item, context.History, cancel);
        if (call.Name != AgentRuns.Tool)
        {
            throw new InvalidOperationException($"the workload has no tool '{call.Name}'");
        }

        if (item.Mode == ActivityMode.Reconcile)
        {
            return new ActivityOutcome.Absent("the workload's tool changes nothing");
        }

        if (item.Effect is { Class: Contracts.Effects.EffectClass.AtMostOnce } && !context.MayAct())
        {
            return new ActivityOutcome.NotStarted();
        }

        var reply = new ToolReply { Content = words.Text(item.InstanceId, item.TaskId, runs.Bytes) };
        return new ActivityOutcome.Completed(JsonSerializer.Serialize(reply, ContractsJson.Plain.ToolReply));
    }
}
