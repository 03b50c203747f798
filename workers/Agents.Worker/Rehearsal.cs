using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Contracts.Work;
using Agents.Loop;
using Agents.Replay;
using Agents.Worker.Transcripts;

namespace Agents.Worker;

/// <summary>
/// Plays a run of one step in memory, so that its code is compiled and its JSON forms are known before a real run needs
/// them: a host begins this on a second core while its store opens. Nothing is called, written or kept.
/// </summary>
public static class Rehearsal
{
    const string Id = "rehearsal", Tool = "look";

    static readonly DateTimeOffset s_epoch = DateTimeOffset.UnixEpoch;

    /// <summary>About 150 ms of one core in a process just started, nothing in one that has had a run. Returns the activities played.</summary>
    public static async Task<int> PlayAsync(CancellationToken cancel)
    {
        var conversations = new TranscriptCache(1 << 20);
        var orchestrators = new ObservedOrchestrators(new OrchestratorHost([AgentRun.Registration]), conversations);
        var identity = new OrchestratorIdentity(
            new InstanceId(Id), new ExecutionId(new string('0', 32)), 0, [new IdentitySeed(0, new string('0', 32), Id)]);
        using var session = orchestrators.Open(identity);
        var history = new List<SequencedEvent>();
        var call = Turn(session, history, new ExecutionStarted
        {
            Name = AgentRun.Name,
            Version = AgentRun.Version,
            Input = JsonSerializer.Serialize(Input(), ContractsJson.Plain.RunInput),
            InstanceId = identity.InstanceId,
            ExecutionId = identity.ExecutionId,
        });
        var played = 0;
        for (; played < 2 && call is not null; played++)
        {
            var conversation = conversations.Get(identity.InstanceId, identity.ExecutionId);
            var isModel = call.Name == AgentRun.CallModel;
            var item = new ActivityWorkItem
            {
                InstanceId = identity.InstanceId, ExecutionId = identity.ExecutionId, Generation = 0, TaskId = call.Id,
                ScheduledSequence = history.Count - 1, Name = call.Name, Input = call.Input, AttemptToken = Id,
            };
            if (isModel)
            {
                await conversation.ViewAsync(item, NoHistory.Instance, cancel);
            }
            else
            {
                await conversation.CallAsync(item, NoHistory.Instance, cancel);
            }

            call = Turn(session, history, new TaskCompleted { TaskScheduledId = call.Id, Result = isModel ? Ask() : Answer() });
        }

        return played;
    }

    static ScheduleTaskAction? Turn(IOrchestratorSession session, List<SequencedEvent> history, HistoryEvent news)
    {
        List<SequencedEvent> fresh =
        [
            new(history.Count, new OrchestratorStarted { Timestamp = s_epoch }),
            new(history.Count + 1, news with { Timestamp = s_epoch }),
        ];
        var actions = session.Run([], fresh).Actions;
        history.AddRange(fresh);
        var scheduled = actions.OfType<ScheduleTaskAction>().FirstOrDefault();
        if (scheduled is not null)
        {
            history.Add(new SequencedEvent(history.Count, new TaskScheduled
            {
                EventId = scheduled.Id, Name = scheduled.Name, Version = scheduled.Version, Input = scheduled.Input,
                Tags = scheduled.Tags, Effect = scheduled.Effect, Timestamp = s_epoch,
            }));
        }

        return scheduled;
    }

    static RunInput Input()
    {
        using var schema = JsonDocument.Parse("""{"type":"object","properties":{"place":{"type":"string"}}}""");
        return new RunInput
        {
            Name = Id,
            Goal = Id,
            Model = new ModelProfile { Name = Id, BaseUrl = "http://rehearsal.invalid/v1", Model = Id },
            Tools = [new ToolSpec { Name = Tool, Parameters = schema.RootElement.Clone() }],
            Limits = new RunLimits { Steps = 2 },
        };
    }

    static string Ask() => JsonSerializer.Serialize(
        new ModelReply
        {
            Reasoning = Id,
            ToolCalls = [new ToolCall(0, "call_0", Tool, """{"place":"here"}""")],
            Finish = FinishReason.ToolCalls,
            Usage = new TokenUsage(1, 0, 0, 1),
        },
        ContractsJson.Plain.ModelReply);

    static string Answer() => JsonSerializer.Serialize(new ToolReply { Content = Id }, ContractsJson.Plain.ToolReply);
}

/// <summary>The history of a run that is played in memory: everything passed by already.</summary>
sealed class NoHistory : IHistorySource
{
    public static readonly NoHistory Instance = new();

    public ValueTask<IReadOnlyList<SequencedEvent>> ReadAsync(
        InstanceId instance, int generation, long fromSequence, int max, CancellationToken cancel) =>
        ValueTask.FromResult<IReadOnlyList<SequencedEvent>>([]);
}
