using System.Text.Json;
using Agents.Client.Runs;
using Agents.Contracts;
using Agents.Contracts.Client;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;

namespace Agents.Client.Progress;

/// <summary>
/// Turns committed stream items into the events readers get. A fold from the start of the stream: what an event looks
/// like may depend on everything before it and on nothing else, so a reader that rejoins gets the same bytes.
/// </summary>
public sealed class RunProjection
{
    readonly Dictionary<(int Generation, int Task), Scheduled> _tasks = [];
    readonly Dictionary<(int Generation, long Message), Asked> _messages = [];
    readonly Dictionary<(int Generation, int Task, int Attempt), int> _attempts = [];
    readonly List<RunEvent> _out = [];
    StreamOffset _at;
    RunInput? _input;
    int _step;
    int _attemptsOfStep;
    int _toolCalls;
    bool _modelFailed;
    TokenUsage _usage = new();
    decimal? _cost;
    string? _model;

    /// <summary>What this item says to a reader, in order; often nothing, sometimes several things.</summary>
    public IReadOnlyList<RunEvent> Apply(StreamItem item)
    {
        _out.Clear();
        _at = item.Offset;
        switch (item)
        {
            case StreamItem.Event e:
                Apply(e);
                break;
            case StreamItem.Delta d when _tasks.TryGetValue((_at.Generation, d.TaskId), out var task):
                if (task.IsModel)
                {
                    AddText(d.Kind, task.Step, Attempt(d.TaskId, d.Attempt), d.Text);
                }
                else
                {
                    AddStatus(null, RunStatuses.Running, $"{ToolOf(task)}: {d.Text}");
                }

                break;
            case StreamItem.Retract r when _tasks.TryGetValue((_at.Generation, r.TaskId), out var task):
                if (!task.IsModel)
                {
                    AddStatus(null, RunStatuses.Running, null); // what a tool waited for is there, or is waited for anew
                    break;
                }

                Add(new RunEvent.Retract(_at, task.Step, Attempt(r.TaskId, r.Attempt)));
                break;
            default:
                break;
        }

        return [.. _out];
    }

    void Apply(StreamItem.Event item)
    {
        var at = item.History.Timestamp;
        switch (item.History)
        {
            case ExecutionStarted e:
                _input = RunOutcome.ReadInput(e.Input);
                _model ??= _input?.Model.Name;
                AddStatus(at, RunStatuses.Running, e.Generation == 0 ? null : $"generation {e.Generation}");
                break;
            case ExecutionSuspended e:
                AddStatus(at, RunStatuses.Paused, e.Reason);
                break;
            case ExecutionResumed e:
                AddStatus(at, RunStatuses.Running, e.Reason);
                break;
            case EventRaised e when string.Equals(e.Name, RunEvents.Steer, StringComparison.OrdinalIgnoreCase):
                AddStatus(at, RunStatuses.Running, $"steer: {RunEvents.SteerText(e.Input)}");
                break;
            case TaskScheduled e:
                Schedule(e);
                break;
            case TaskCompleted e when _tasks.TryGetValue((_at.Generation, e.TaskScheduledId), out var task):
                Complete(e, task, item.Shown);
                break;
            case TaskFailed e when _tasks.TryGetValue((_at.Generation, e.TaskScheduledId), out var task):
                Fail(e, task);
                break;
            case TimerCreated e when _modelFailed:
                _modelFailed = false;
                AddStatus(at, RunStatuses.Running, FormattableString.Invariant($"the next attempt is at {e.FireAt:HH:mm:ss} UTC"));
                break;
            case ExecutionCompleted e when e.Status != OrchestrationStatus.ContinuedAsNew:
                Add(new RunEvent.Done(_at, at, EndedAs(e), End(e)));
                break;
            default:
                break;
        }
    }

    void Schedule(TaskScheduled e)
    {
        _modelFailed = false;
        var input = CallInput.Read(e.Input);
        if (e.Name == Activities.CallModel && input.Step is { } step)
        {
            foreach (var note in input.ToolNotes)
            {
                AnswerByLoop(note, e.Timestamp);
            }

            var again = step == _step;
            _attemptsOfStep = again ? _attemptsOfStep + 1 : 1;
            _step = step;
            _tasks[(_at.Generation, e.EventId)] = new Scheduled(true, step, -1, 0);
            _attempts[(_at.Generation, e.EventId, 1)] = _attemptsOfStep;
            AddStatus(e.Timestamp, RunStatuses.Running, again ? $"model call, attempt {_attemptsOfStep}" : null);
        }
        else if (e.Name == Activities.RunTool && input.Message is { } message)
        {
            var at = _messages.TryGetValue((_at.Generation, message), out var asked) ? asked.Step : _step;
            _tasks[(_at.Generation, e.EventId)] = new Scheduled(false, at, message, input.Call);
        }
    }

    void Complete(TaskCompleted e, Scheduled task, IReadOnlyDictionary<string, int>? shown)
    {
        if (task.IsModel)
        {
            if (Read(e.Result, ContractsJson.Default.ModelReply) is { } reply)
            {
                Answer(e, task, reply, shown);
            }

            return;
        }

        if (Read(e.Result, ContractsJson.Default.ToolReply) is { } result)
        {
            Add(new RunEvent.ToolResult(
                _at, e.Timestamp, task.Step, task.Call, ToolOf(task), result.Content, result.IsError,
                result.Artifact, result.DurationMs));
        }
    }

    void Answer(TaskCompleted e, Scheduled task, ModelReply reply, IReadOnlyDictionary<string, int>? shown)
    {
        var attempt = LastAttempt(e.TaskScheduledId);
        AddRest("reasoning", reply.Reasoning);
        AddRest("content", reply.Content);
        _messages[(_at.Generation, _at.Sequence)] = new Asked(task.Step, reply.ToolCalls);
        foreach (var call in reply.ToolCalls)
        {
            _toolCalls++;
            Add(new RunEvent.ToolCall(_at, e.Timestamp, task.Step, call.Index, call.Id, call.Name, call.Arguments));
        }

        _usage += reply.Usage;
        _cost = reply.CostUsd is { } cost ? (_cost ?? 0) + cost : _cost;
        _model = reply.Model ?? _model;
        Add(new RunEvent.Usage(
            _at, e.Timestamp, task.Step, reply.Model, reply.Usage, reply.CostUsd, reply.DurationMs, reply.FirstTokenMs,
            JsonNamingPolicy.SnakeCaseLower.ConvertName(reply.Finish.ToString())));

        // Streamed text is a prefix of the message; what was not streamed is new here.
        void AddRest(string kind, string? text)
        {
            var given = shown is not null && shown.TryGetValue(kind, out var n) ? n : 0;
            if (text is not null && text.Length > given)
            {
                AddText(kind, task.Step, attempt, text[given..]);
            }
        }
    }

    void Fail(TaskFailed e, Scheduled task)
    {
        var why = e.Failure.Text;
        if (task.IsModel)
        {
            Add(new RunEvent.Retract(_at, task.Step, LastAttempt(e.TaskScheduledId)));
            AddStatus(e.Timestamp, RunStatuses.Running, $"model call failed, {why}");
            _modelFailed = true;
            return;
        }

        Add(new RunEvent.ToolResult(
            _at, e.Timestamp, task.Step, task.Call, ToolOf(task), why, IsError: true, Artifact: null, DurationMs: 0));
    }

    /// <summary>The loop refused a call without running it (unknown tool, bad arguments) or its run failed for good.</summary>
    void AnswerByLoop(CallInput.ToolNote note, DateTimeOffset at)
    {
        if (_messages.TryGetValue((_at.Generation, note.Message), out var asked))
        {
            Add(new RunEvent.ToolResult(
                _at, at, asked.Step, note.Call, asked.NameOf(note.Call), note.Text, IsError: true, Artifact: null,
                DurationMs: 0));
        }
    }

    static string EndedAs(ExecutionCompleted e) => e.Status switch
    {
        OrchestrationStatus.Completed => RunOutcome.StatusOf(RunOutcome.ReadOutput(e.Result)?.StopReason),
        OrchestrationStatus.Failed => RunStatuses.Failed,
        _ => RunStatuses.Cancelled,
    };

    RunEnd End(ExecutionCompleted e) => e.Status == OrchestrationStatus.Completed
        && RunOutcome.ReadOutput(e.Result) is { } output
        ? new RunEnd
        {
            StopReason = output.StopReason,
            Steps = output.Steps,
            ToolCalls = output.ToolCalls,
            Model = output.Model ?? _model,
            Answer = output.Answer,
            Structured = output.Structured,
            Usage = output.Usage,
            CostUsd = output.CostUsd,
            Detail = output.Detail,
        }
        : new RunEnd
        {
            StopReason = e.Status == OrchestrationStatus.Failed ? StopReasons.Failed : StopReasons.Cancelled,
            Steps = _step,
            ToolCalls = _toolCalls,
            Model = _model,
            Usage = _usage,
            CostUsd = _cost,
            Detail = e.Failure is { } f ? f.Text : e.Result,
        };

    void AddText(string kind, int step, int attempt, string text)
    {
        if (text.Length == 0)
        {
            return;
        }

        if (kind == "content")
        {
            Add(new RunEvent.Content(_at, step, attempt, text));
        }
        else if (kind == "reasoning" && _input?.Reasoning != ReasoningPolicy.Redact)
        {
            Add(new RunEvent.Reasoning(_at, step, attempt, text));
        }
    }

    void AddStatus(DateTimeOffset? at, string state, string? note) =>
        Add(new RunEvent.Status(_at, at, state, _step, _input?.Limits.Steps, note));

    // Several events of one item are told apart by the last part of their offset.
    void Add(RunEvent e) => _out.Add(e with { Offset = _at with { Character = _at.Character + _out.Count } });

    string ToolOf(Scheduled task) =>
        _messages.TryGetValue((_at.Generation, task.Message), out var asked) ? asked.NameOf(task.Call) : "?";

    // A second attempt of the same task (after a crash) is another attempt of the step for whoever reads along.
    int Attempt(int task, int attempt)
    {
        if (!_attempts.TryGetValue((_at.Generation, task, attempt), out var ordinal))
        {
            ordinal = ++_attemptsOfStep;
            _attempts[(_at.Generation, task, attempt)] = ordinal;
        }

        return ordinal;
    }

    int LastAttempt(int task)
    {
        var attempt = 1;
        while (_attempts.ContainsKey((_at.Generation, task, attempt + 1)))
        {
            attempt++;
        }

        return Attempt(task, attempt);
    }

    static T? Read<T>(string? json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return json is null ? null : JsonSerializer.Deserialize(json, type);
        }
        catch (JsonException)
        {
            return null; // An activity of another kind: its result says nothing to a reader of runs.
        }
    }

    sealed record Scheduled(bool IsModel, int Step, long Message, int Call);

    sealed record Asked(int Step, IReadOnlyList<ToolCall> Calls)
    {
        public string NameOf(int call) => Calls.FirstOrDefault(c => c.Index == call)?.Name
            ?? (call >= 0 && call < Calls.Count ? Calls[call].Name : "?");
    }
}
