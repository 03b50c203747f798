using Agents.Contracts.Runs;
using Agents.Contracts.Work;
using Agents.Inference.Streaming;
using Agents.Loop;
using Agents.Replay;
using Agents.Worker.Activities;
using Agents.Worker.Transcripts;

namespace Agents.Worker;

/// <summary>
/// Everything that does the work of runs in this process: the orchestrators (the agent loop among them) and the
/// activities. An engine drives it through the two seams; it keeps nothing that cannot be read again.
/// </summary>
public sealed class AgentWorker
{
    readonly TranscriptCache _cache;

    public AgentWorker(AgentWorkerOptions options)
    {
        if (options.TranscriptBytesMax <= 0)
        {
            throw new ArgumentException("TranscriptBytesMax must be positive", nameof(options));
        }

        _cache = new TranscriptCache(options.TranscriptBytesMax);
        var client = new ChatClient(options.Models, options.Clock, options.Variable);
        var callModel = new CallModelActivity(_cache, client, new PoolHints(options.Models, options.Clock, options.Variable));
        var runTool = new RunToolActivity(_cache, options.Tools);
        Orchestrators = new ObservedOrchestrators(
            new OrchestratorHost([AgentRun.Registration, .. options.Orchestrators], options.Versioning), _cache);
        Activities = new ActivityHost(
        [
            new ActivityRegistration(AgentRun.CallModel, null, callModel.RunAsync),
            new ActivityRegistration(AgentRun.RunTool, null, runTool.RunAsync),
            .. options.Activities,
        ]);
    }

    public IOrchestratorHost Orchestrators { get; }

    public IActivityHost Activities { get; }

    /// <summary>The tool that a RunTool activity is to call, as its run has it; null: the run has none of that name.</summary>
    public async Task<ToolSpec?> ToolOfAsync(ActivityWorkItem item, IHistorySource history, CancellationToken cancel)
    {
        var transcript = _cache.Get(item.InstanceId, item.ExecutionId);
        var run = await transcript.InputAsync(item, history, cancel);
        var call = await transcript.CallAsync(item, history, cancel);
        _cache.Used(transcript);
        return run.Tools.FirstOrDefault(t => t.Name == call.Name);
    }

    /// <summary>Bytes held for conversations, as of their last use.</summary>
    public long TranscriptBytes => _cache.Bytes;
}
