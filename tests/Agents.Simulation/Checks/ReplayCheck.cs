using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine.Instances;
using Agents.Engine.Store;
using Agents.Loop;
using Agents.Loop.View;
using Agents.Replay;
using Agents.Simulation.Workload;
using Agents.Simulation.World;

namespace Agents.Simulation.Checks;

/// <summary>[I8] Every stored execution, run again from its history, asks for the same things and shows the model the same view.</summary>
sealed class ReplayCheck(StorePeek store, Observer observer)
{
    public void Run()
    {
        foreach (var view in store.All())
        {
            var record = store.Find(view.InstanceId)!;
            foreach (var execution in store.Executions(record.Key))
            {
                var events = store.Events(record, execution);
                Replay(record, execution, events);
                if (record.Name == AgentRun.Name)
                {
                    Digests(record, events);
                }
            }
        }
    }

    void Replay(InstanceRecord record, ExecutionRecord execution, IReadOnlyList<SequencedEvent> events)
    {
        if (!events.Any(e => e.Event is ExecutionStarted))
        {
            return; // ended before its code ran
        }

        var identity = new OrchestratorIdentity(
            new InstanceId(record.InstanceId), new ExecutionId(execution.ExecutionId), execution.Generation,
            IdentityChain.Read(execution, record.InstanceId));
        using var session = new OrchestratorHost(SimOrchestrators.All).Open(identity);
        var turn = session.Run(events, []);
        if (turn.Divergence is { } divergence)
        {
            observer.Breach($"[I8] {record.InstanceId}: replay of execution {execution.Key} parts ways at {divergence}");
        }
        else if (turn.Actions.Count > 0)
        {
            observer.Breach($"[I8] {record.InstanceId}: replay of execution {execution.Key} asks for {turn.Actions[0]} which history does not have");
        }
    }

    void Digests(InstanceRecord record, IReadOnlyList<SequencedEvent> events)
    {
        foreach (var scheduled in events.Select(e => e.Event).OfType<TaskScheduled>().Where(t => t.Name == AgentRun.CallModel))
        {
            var completed = events.Select(e => e.Event).OfType<TaskCompleted>()
                .FirstOrDefault(c => c.TaskScheduledId == scheduled.EventId);
            if (completed is null)
            {
                continue;
            }

            var reply = JsonSerializer.Deserialize(completed.Result!, ContractsJson.Default.ModelReply)!;
            if (ModelView.Digest(events, ModelCallInput.Parse(scheduled.Input)) != reply.PromptDigest)
            {
                observer.Breach($"[I8] {record.InstanceId}: model call #{scheduled.EventId} was made on another view than history gives");
            }
        }
    }
}
