using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Runs;
using Agents.Loop;

namespace Agents.Worker.Transcripts;

/// <summary>
/// What of one execution's history belongs to the conversation, by sequence and by task. Events may come in any order
/// of pages and more than once; the first wins, because a stored event never changes.
/// </summary>
sealed class StoredEvents
{
    readonly Dictionary<int, StoredTask> _tasks = [];
    readonly Dictionary<long, StoredItem> _items = [];

    public long InputSequence { get; private set; } = -1;

    public string? Input { get; private set; }

    /// <summary>Bytes of memory this is thought to hold.</summary>
    public long Bytes { get; private set; }

    /// <summary>First sequence that paging has not read yet.</summary>
    public long ReadTo { get; private set; }

    public StoredTask? Task(int id) => _tasks.GetValueOrDefault(id);

    public StoredItem? Item(long sequence) => _items.GetValueOrDefault(sequence);

    public void Paged(IReadOnlyList<SequencedEvent> page)
    {
        foreach (var e in page)
        {
            Add(e);
            ReadTo = Math.Max(ReadTo, e.Sequence + 1);
        }
    }

    public void Add(SequencedEvent e)
    {
        switch (e.Event)
        {
            case ExecutionStarted started when Input is null:
                InputSequence = e.Sequence;
                Input = started.Input;
                Bytes += 2L * (started.Input?.Length ?? 0);
                break;
            case TaskScheduled task:
                AddTask(task.EventId, task.Name, task.Input);
                break;
            case TaskCompleted done when _tasks.TryGetValue(done.TaskScheduledId, out var task):
                AddItem(e.Sequence, new StoredItem(
                    task.Name == AgentRun.CallModel ? StoredKind.Reply : StoredKind.ToolResult,
                    done.Result ?? "",
                    done.TaskScheduledId));
                break;
            case EventRaised raised when string.Equals(raised.Name, RunEvents.Steer, StringComparison.OrdinalIgnoreCase):
                AddItem(e.Sequence, new StoredItem(StoredKind.Steer, raised.Input ?? "", -1));
                break;
        }
    }

    public void Add(OrchestratorAction action)
    {
        if (action is ScheduleTaskAction task)
        {
            AddTask(task.Id, task.Name, task.Input);
        }
    }

    /// <summary>An item changed its size by being rendered.</summary>
    public void Resized(long before, long after) => Bytes += after - before;

    void AddTask(int id, string name, string? input)
    {
        if (name is AgentRun.CallModel or AgentRun.RunTool && _tasks.TryAdd(id, new StoredTask(name, input ?? "")))
        {
            Bytes += 80 + (2L * (input?.Length ?? 0));
        }
    }

    void AddItem(long sequence, StoredItem item)
    {
        if (_items.TryAdd(sequence, item))
        {
            Bytes += item.Bytes;
        }
    }
}

/// <summary>A scheduled CallModel or RunTool.</summary>
sealed record StoredTask(string Name, string Input);
