using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Contracts.Work;
using Agents.Inference.Requests;
using Agents.Loop;
using Agents.Loop.View;
using Agents.Replay;
using Agents.Worker.Transcripts;

namespace Agents.Worker;

/// <summary>A model call of a rehearsed run.</summary>
/// <param name="Wire">What a client would send.</param>
/// <param name="Request">The body of it, as a model server would get it.</param>
/// <param name="IsCut">Steps left the view with this call.</param>
public sealed record RehearsedCall(int Step, ModelRequest Wire, string Request, bool IsCut);

/// <summary>
/// A whole run in memory: the loop, its views and the requests are the product's own, model and tools are whoever is asked.
/// Nothing is stored, so a failed call ends the run and nothing can be resumed.
/// </summary>
public sealed class RehearsedRun(RunInput input, string id)
{
    readonly List<SequencedEvent> _history = [];
    readonly Queue<(ScheduleTaskAction Task, int Sequence)> _open = [];

    /// <summary>Plays the run to its end. Model and tools are asked one at a time, in order.</summary>
    /// <param name="tool">Gets the call and its idempotency key (empty for a tool that only reads).</param>
    public async Task<RunOutput> PlayAsync(
        Func<RehearsedCall, Task<ModelReply>> model, Func<ToolCall, string, Task<ToolReply>> tool, CancellationToken cancel)
    {
        var conversations = new TranscriptCache(long.MaxValue);
        var host = new ObservedOrchestrators(new OrchestratorHost([AgentRun.Registration]), conversations);
        var execution = new ExecutionId(new string('0', 32));
        var identity = new OrchestratorIdentity(new InstanceId(id), execution, 0, [new IdentitySeed(0, execution.Value, id)]);
        using var session = host.Open(identity);
        var end = Turn(session, new ExecutionStarted
        {
            Name = AgentRun.Name, Version = AgentRun.Version, Input = JsonSerializer.Serialize(input, ContractsJson.Plain.RunInput),
            InstanceId = id, ExecutionId = execution.Value,
        });
        var conversation = conversations.Get(identity.InstanceId, execution);
        while (end is null)
        {
            cancel.ThrowIfCancellationRequested();
            var (task, sequence) = _open.Dequeue();
            var item = new ActivityWorkItem
            {
                InstanceId = identity.InstanceId, ExecutionId = execution, Generation = 0, TaskId = task.Id, ScheduledSequence = sequence,
                Name = task.Name, Input = task.Input, AttemptToken = id,
            };
            var result = task.Name == AgentRun.CallModel
                ? JsonSerializer.Serialize(await model(await RequestAsync(conversation, item, cancel)), ContractsJson.Plain.ModelReply)
                : JsonSerializer.Serialize(
                    await tool(await conversation.CallAsync(item, NoHistory.Instance, cancel), task.Effect?.Key ?? ""), ContractsJson.Plain.ToolReply);
            end = Turn(session, new TaskCompleted { TaskScheduledId = task.Id, Result = result });
        }

        return end.Status == OrchestrationStatus.Completed
            ? JsonSerializer.Deserialize(end.Result!, ContractsJson.Default.RunOutput)!
            : throw new InvalidOperationException($"the rehearsed run {end.Status}: {end.Failure?.ErrorMessage}");
    }

    static async Task<RehearsedCall> RequestAsync(RunTranscript conversation, ActivityWorkItem item, CancellationToken cancel)
    {
        var view = await conversation.ViewAsync(item, NoHistory.Instance, cancel);
        var wire = new ModelRequest { Profile = view.Input.Model, Messages = view.Messages, Tools = view.Tools };
        using var body = new RequestBody(wire);
        return new RehearsedCall(view.Call.Step, wire, await body.TextAsync(cancel), view.Call.Cut is not null);
    }

    CompleteOrchestrationAction? Turn(IOrchestratorSession session, HistoryEvent news)
    {
        List<SequencedEvent> fresh =
        [
            new(_history.Count, new OrchestratorStarted { Timestamp = DateTimeOffset.UnixEpoch }),
            new(_history.Count + 1, news with { Timestamp = DateTimeOffset.UnixEpoch }),
        ];
        var turn = session.Run([], fresh);
        if (turn.Divergence is { } divergence)
        {
            throw new InvalidOperationException(divergence.ToString());
        }

        _history.AddRange(fresh);
        foreach (var action in turn.Actions)
        {
            switch (action)
            {
                case ScheduleTaskAction task:
                    _open.Enqueue((task, _history.Count));
                    _history.Add(new SequencedEvent(_history.Count, new TaskScheduled
                    {
                        EventId = task.Id, Name = task.Name, Version = task.Version, Input = task.Input, Tags = task.Tags,
                        Effect = task.Effect, Timestamp = DateTimeOffset.UnixEpoch,
                    }));
                    break;
                case CompleteOrchestrationAction end:
                    return end;
                default:
                    throw new InvalidOperationException($"a rehearsed run cannot wait for {action.GetType().Name}");
            }
        }

        return null;
    }
}
