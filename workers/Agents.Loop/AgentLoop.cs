using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Loop.Answers;
using Agents.Loop.Calls;
using Agents.Loop.View;
using Agents.Replay;

namespace Agents.Loop;

/// <summary>
/// One run: take what people said, check the limits, choose the view, call the model, run its tool calls, again.
/// Holds numbers and places only; the conversation itself stays in the history.
/// </summary>
sealed class AgentLoop
{
    const string Nudge =
        "Your last reply held neither an answer nor a tool call. Go on: call a tool, or give your final answer.";

    readonly OrchestrationContext _context;
    readonly RunInput _input;
    readonly ContextView _view;
    readonly ModelCalls _model;
    readonly ToolCalls _tools;
    readonly AnswerSchema? _schema;
    readonly RunTally _tally = new();
    readonly List<ViewItem> _appended = [];
    readonly DateTimeOffset _startedAt;
    Task<RawEvent> _steer;
    bool _nudged;
    int _badInARow;
    int _badAnswersInARow;

    public AgentLoop(OrchestrationContext context, RunInput input)
    {
        _context = context;
        _input = input;
        _startedAt = context.CurrentUtcDateTime;
        _view = new ContextView(input);
        _model = new ModelCalls(context, input, _view);
        _tools = new ToolCalls(context, input);
        _schema = input.OutputSchema is { } schema ? AnswerSchema.Read(schema) : null;
        _steer = context.WaitForExternalEventRaw(RunEvents.Steer);
    }

    public async Task<RunOutput> RunAsync()
    {
        _appended.Add(new ViewItem.Stored(_context.InputReference.Sequence));
        while (true)
        {
            TakeSteering();
            if (LimitReached() is { } limit)
            {
                return limit;
            }

            var answer = await _model.CallAsync(_tally.Steps + 1, _appended, WallTimeLeft());
            if (answer.Reply is not { } reply)
            {
                // Thought and said nothing: the loop asks once more, on top of what this call would have shown.
                if (answer.StopReason == StopReasons.EmptyReply && !_nudged)
                {
                    _nudged = true;
                    Say(Nudge);
                    continue;
                }

                return Stop(answer.StopReason!, answer.Detail);
            }

            _appended.Clear();
            _tally.Add(reply);
            if (await ActOnAsync(reply, answer.Sequence) is { } end)
            {
                return end;
            }
        }
    }

    /// <summary>Messages land at step boundaries only; nothing ever waits for one.</summary>
    bool TakeSteering()
    {
        var taken = false;
        while (_steer.IsCompletedSuccessfully)
        {
            var raised = _steer.Result;
            _steer = _context.WaitForExternalEventRaw(RunEvents.Steer);
            if (RunEvents.SteerText(raised.Input) is { } text)
            {
                _appended.Add(new ViewItem.Stored(raised.Reference.Sequence));
                _view.Said(raised.Reference.Sequence, text);
                taken = true;
            }
        }

        return taken;
    }

    RunOutput? LimitReached()
    {
        var limits = _input.Limits;
        if (_tally.Steps >= limits.Steps)
        {
            return Stop(StopReasons.StepLimit, $"{_tally.Steps} steps of at most {limits.Steps}");
        }

        if (_tally.Usage.Total >= limits.Tokens)
        {
            return Stop(StopReasons.TokenLimit, $"{_tally.Usage.Total} tokens of at most {limits.Tokens}");
        }

        if (_tally.CostUsd >= limits.Usd)
        {
            return Stop(StopReasons.CostLimit, FormattableString.Invariant($"{_tally.CostUsd} USD of at most {limits.Usd}"));
        }

        return WallTimeLeft() is { } left && left <= TimeSpan.Zero
            ? Stop(StopReasons.WallTimeLimit, $"the run may take {limits.WallTime}")
            : null;
    }

    TimeSpan? WallTimeLeft() => _input.Limits.WallTime - (_context.CurrentUtcDateTime - _startedAt);

    /// <summary>Null to go on with another step.</summary>
    async Task<RunOutput?> ActOnAsync(ModelReply reply, long sequence)
    {
        switch (reply.Finish)
        {
            case FinishReason.ContentFilter:
                return Stop(StopReasons.ContentFilter, "the provider withheld the reply");
            case FinishReason.Refusal:
                return Stop(StopReasons.Refusal, "the model refused");
            case FinishReason.Length when reply.ToolCalls.Count == 0 || !reply.ToolCalls.All(_tools.IsComplete):
                return Stop(StopReasons.OutputLength, "the reply was cut at the output limit");
        }

        if (reply.ToolCalls.Count > 0)
        {
            return await RunToolsAsync(reply, sequence);
        }

        return string.IsNullOrWhiteSpace(reply.Content) ? NudgeOnce(reply) : Answered(reply, sequence);
    }

    async Task<RunOutput?> RunToolsAsync(ModelReply reply, long sequence)
    {
        _nudged = false;
        if (_tally.ToolCalls + reply.ToolCalls.Count > _input.Limits.ToolCalls)
        {
            return Stop(
                StopReasons.ToolCallLimit,
                $"{_tally.ToolCalls} tool calls of at most {_input.Limits.ToolCalls}, and the model asked for {reply.ToolCalls.Count} more");
        }

        _appended.Add(new ViewItem.Stored(sequence));
        foreach (var answered in await _tools.RunAsync(reply, sequence, _tally.Steps))
        {
            _tally.ToolCalls++;
            _badInARow = answered.IsBadCall ? _badInARow + 1 : 0;
            _tally.BadCalls += answered.IsBadCall ? 1 : 0;
            _appended.Add(answered.Item);
            if (answered.Item is ViewItem.Stored stored)
            {
                _view.AppendedResult(stored.Sequence, answered.Tool, answered.Content);
            }
            else
            {
                _view.Appended(answered.Content);
            }

            if (_badInARow > _input.Limits.BadCallsInARow)
            {
                return Stop(StopReasons.BadCalls, $"{_badInARow} malformed tool calls in a row; the last: {answered.Content}");
            }
        }

        return null;
    }

    /// <summary>A reply of reasoning alone is left out of the view (several servers refuse an empty message in it).</summary>
    RunOutput? NudgeOnce(ModelReply reply)
    {
        _view.Dropped(reply);
        if (_nudged)
        {
            return Stop(StopReasons.EmptyReply, "twice in a row the model gave neither an answer nor a tool call");
        }

        _nudged = true;
        Say(Nudge);
        return null;
    }

    RunOutput? Answered(ModelReply reply, long sequence)
    {
        _nudged = false;

        // A message that came in before the answer was final still counts: the run goes on with it. The answer goes
        // first: that is the order in which a reader of the conversation expects them.
        var before = _appended.Count;
        if (TakeSteering())
        {
            _appended.Insert(before, new ViewItem.Stored(sequence));
            return null;
        }

        if (_schema is null)
        {
            return Output(StopReasons.Answer, null);
        }

        if (_schema.Check(reply.Content!, out var structured) is not { } mismatch)
        {
            return Output(StopReasons.Answer, null) with { Structured = structured };
        }

        if (++_badAnswersInARow > _input.Limits.BadCallsInARow)
        {
            return Stop(StopReasons.BadAnswer, mismatch);
        }

        _appended.Add(new ViewItem.Stored(sequence));
        Say($"Your last answer did not meet the required JSON schema: {mismatch} Reply again with the JSON document alone.");
        return null;
    }

    void Say(string text)
    {
        _appended.Add(new ViewItem.UserNote(text));
        _view.Appended(text);
    }

    RunOutput Stop(string reason, string? detail) => Output(reason, detail);

    RunOutput Output(string reason, string? detail) => new()
    {
        StopReason = reason,
        Detail = detail,
        Answer = _tally.LastContent,
        Steps = _tally.Steps,
        ToolCalls = _tally.ToolCalls,
        BadCalls = _tally.BadCalls,
        Usage = _tally.Usage,
        CostUsd = _tally.CostUsd,
        Model = _tally.Model ?? _input.Model.Model,
    };
}
