using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.History;
using Agents.Contracts.Transcript;
using Agents.Contracts.Work;
using Agents.Loop;
using Agents.Loop.Calls;
using Agents.Tools;

namespace Agents.Worker.Transcripts;

/// <summary>Tool calls that the history before an activity holds, for tools whose state a fork derives from them.</summary>
static class PastCalls
{
    const int PageEventsMax = 512;

    /// <summary>Answered calls of a tool of that name beginning, refused ones left out, in the order of their results.</summary>
    public static async Task<IReadOnlyList<PastCall>> ReadAsync(
        ActivityWorkItem item, IHistorySource history, string beginning, CancellationToken cancel)
    {
        var calls = new List<PastCall>();
        var tasks = new Dictionary<int, TaskScheduled>();
        var replies = new Dictionary<long, IReadOnlyList<ToolCall>>();
        for (var from = 0L; from < item.ScheduledSequence;)
        {
            var page = await history.ReadAsync(item.InstanceId, item.Generation, from, PageEventsMax, cancel);
            if (page.Count == 0)
            {
                break;
            }

            foreach (var (sequence, e) in page.TakeWhile(e => e.Sequence < item.ScheduledSequence))
            {
                if (e is TaskScheduled { Name: AgentRun.CallModel or AgentRun.RunTool } scheduled)
                {
                    tasks[scheduled.EventId] = scheduled;
                }
                else if (e is TaskCompleted { Result: { } result } done && tasks.Remove(done.TaskScheduledId, out var task))
                {
                    if (task.Name == AgentRun.CallModel)
                    {
                        replies[sequence] = JsonSerializer.Deserialize(result, ContractsJson.Default.ModelReply)!.ToolCalls;
                    }
                    else if (Read(task, result, replies) is { } call && call.Tool.StartsWith(beginning, StringComparison.Ordinal))
                    {
                        calls.Add(call);
                    }
                }
            }

            from = page[^1].Sequence + 1;
        }

        return calls;
    }

    static PastCall? Read(TaskScheduled task, string result, Dictionary<long, IReadOnlyList<ToolCall>> replies)
    {
        var place = ToolCallInput.Parse(task.Input);
        var call = replies[place.Message][place.Call];
        var reply = JsonSerializer.Deserialize(result, ContractsJson.Default.ToolReply)!;
        return reply.IsError || reply.Artifact is not null ? null : new PastCall(call.Name, call.Arguments, reply.Content);
    }
}
