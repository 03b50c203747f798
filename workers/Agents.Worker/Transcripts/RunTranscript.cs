using System.Text.Json;
using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Contracts.Work;
using Agents.Loop;
using Agents.Loop.Calls;
using Agents.Loop.View;

namespace Agents.Worker.Transcripts;

/// <summary>
/// One execution's conversation in memory: fed by its turns as they pass, read from the history where something is
/// missing. Safe for concurrent use: turns feed it while tool calls of the same run look up their arguments.
/// </summary>
sealed class RunTranscript(InstanceId instance, ExecutionId execution)
{
    const int PageEventsMax = 512;

    readonly Lock _lock = new();
    readonly StoredEvents _events = new();
    RunView? _view;
    RunInput? _input;

    public (string Instance, string Execution) Key => (instance.Value, execution.Value);

    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _events.Bytes;
            }
        }
    }

    public void Add(IReadOnlyList<SequencedEvent> events)
    {
        lock (_lock)
        {
            foreach (var e in events)
            {
                _events.Add(e);
            }
        }
    }

    public void Add(IReadOnlyList<OrchestratorAction> actions)
    {
        lock (_lock)
        {
            foreach (var action in actions)
            {
                _events.Add(action);
            }
        }
    }

    /// <summary>The run's pinned input, as it holds for this run.</summary>
    public Task<RunInput> InputAsync(ActivityWorkItem item, IHistorySource history, CancellationToken cancel) =>
        ReadAsync(item, history, () => _input ??= InputFor(item, View().Input), cancel);

    /// <summary>The view of a model call, ready to send.</summary>
    public Task<RenderedView> ViewAsync(ActivityWorkItem item, IHistorySource history, CancellationToken cancel)
    {
        var call = ModelCallInput.Parse(item.Input);
        return ReadAsync(item, history, () => View().Render(item.TaskId, call, item.Input!), cancel);
    }

    /// <summary>The tool call an activity is to run, arguments as the model wrote them.</summary>
    public Task<ToolCall> CallAsync(ActivityWorkItem item, IHistorySource history, CancellationToken cancel)
    {
        var place = ToolCallInput.Parse(item.Input);
        return ReadAsync(item, history, () => View().Call(place), cancel);
    }

    static RunInput InputFor(ActivityWorkItem item, RunInput input) =>
        input with { ToolSettings = input.ToolSettings.For(item.InstanceId.Value, item.ForkOf) };

    RunView View() => _view ??= new RunView(_events);

    // From memory; what is missing there is read from the committed history up to the activity's own event, once.
    async Task<T> ReadAsync<T>(ActivityWorkItem item, IHistorySource history, Func<T> read, CancellationToken cancel)
    {
        if (TryRead(read, out var found) is null)
        {
            return found!;
        }

        await LoadAsync(item, history, cancel);
        return TryRead(read, out found) is { } missing
            ? throw new InvalidOperationException(
                $"AG3004: run '{instance}': activity {item.TaskId} ({item.Name}) names {missing.What}, which the history up to event {item.ScheduledSequence} does not hold.")
            : found!;
    }

    MissingItemException? TryRead<T>(Func<T> read, out T? found)
    {
        lock (_lock)
        {
            try
            {
                found = read();
                return null;
            }
            catch (MissingItemException missing)
            {
                found = default;
                return missing;
            }
        }
    }

    async Task LoadAsync(ActivityWorkItem item, IHistorySource history, CancellationToken cancel)
    {
        long from;
        lock (_lock)
        {
            from = _events.ReadTo;
        }

        while (from <= item.ScheduledSequence)
        {
            var page = await history.ReadAsync(instance, item.Generation, from, PageEventsMax, cancel);
            if (page.Count == 0)
            {
                return;
            }

            lock (_lock)
            {
                _events.Paged(page);
                from = _events.ReadTo;
            }
        }
    }
}
