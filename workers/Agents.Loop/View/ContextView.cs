using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;

namespace Agents.Loop.View;

/// <summary>
/// Keeps the view inside the model's window by the run's policy. "hide_tool_results" is the published Kimi recipe:
/// at the trigger, contents of tool results give way to a placeholder, oldest first; calls, ids and reasoning stay.
/// Hiding breaks the provider's cached prefix, so it is done rarely and in big bites. "discard_all" takes out whole steps:
/// what is left is what the run began with, a note, and the last steps.
/// </summary>
sealed class ContextView
{
    public const string HideToolResults = "hide_tool_results";
    public const string DiscardAll = "discard_all";
    public const string None = "none";

    const long MarginTokensMin = 1_024;
    const long PlaceholderTokens = 48;

    readonly ContextPolicy _policy;
    readonly bool _sendReasoning;
    readonly List<Result> _results = [];
    readonly StepWindow _steps;
    int _seen;
    long _tokens;

    public ContextView(RunInput input)
    {
        _policy = input.Context;
        _steps = new StepWindow(_policy);
        _sendReasoning = input.Model.SendReasoning;
        _tokens = TokenEstimate.Of(input);
        var output = input.Limits.OutputTokensPerStep ?? input.Model.OutputTokensMax;
        var margin = Math.Max(MarginTokensMin, input.Model.ContextTokens / 64);
        Window = Math.Max(1, input.Model.ContextTokens - output - margin);
        Trigger = Math.Min(_policy.TriggerTokens ?? Window, Window);
    }

    /// <summary>Tokens a prompt may have at most: window less output less margin.</summary>
    public long Window { get; }

    public long Trigger { get; }

    /// <summary>Tokens of the next prompt: last reported usage plus a guess of what was appended since.</summary>
    public long Tokens => _tokens;

    public bool Hides => _policy.Kind == HideToolResults;

    public bool Discards => _policy.Kind == DiscardAll;

    public void Appended(string text) => _tokens += TokenEstimate.Of(text);

    public void AppendedResult(long sequence, string tool, string content)
    {
        var tokens = TokenEstimate.Of(content);
        _tokens += tokens;
        _results.Add(new Result(sequence, tool, tokens));
    }

    /// <summary>A person's message at that sequence.</summary>
    public void Said(long sequence, string text)
    {
        Appended(text);
        _steps.Said(sequence);
    }

    /// <summary>
    /// The model has read everything appended so far; its usage replaces our guess. The reply at that sequence may join
    /// the conversation.
    /// </summary>
    public void Answered(ModelReply reply, long sequence, IReadOnlyList<ViewItem> appended)
    {
        if (Discards)
        {
            _steps.Called(appended);
            _steps.Replied(sequence, reply.Usage.In > 0 ? reply.Usage.In : _tokens);
        }

        _seen = _results.Count;
        _tokens = reply.Usage.In > 0
            ? reply.Usage.In + Math.Max(0, reply.Usage.Out - (_sendReasoning ? 0 : reply.Usage.Reasoning))
            : _tokens + TokenEstimate.Of(reply, _sendReasoning);
    }

    /// <summary>The reply just counted does not join the conversation.</summary>
    public void Dropped(ModelReply reply) => _tokens -= reply.Usage.In > 0
        ? Math.Max(0, reply.Usage.Out - (_sendReasoning ? 0 : reply.Usage.Reasoning))
        : TokenEstimate.Of(reply, _sendReasoning);

    /// <summary>Sequences of the results to hide before the next call; empty for none.</summary>
    public IReadOnlyList<long> Choose()
    {
        if (!Hides || _tokens <= Trigger)
        {
            return [];
        }

        // Results the model has not read yet stay, whatever KeepLast says: hiding them would lose them.
        var candidates = Candidates(Math.Max(Math.Max(0, _policy.KeepLast), _results.Count - _seen));
        var wanted = Math.Max(_tokens - Trigger, _policy.ClearAtLeast);
        var chosen = Take(candidates, wanted);
        return Freed(chosen) >= _policy.ClearAtLeast || _tokens > Window ? Hide(chosen) : [];
    }

    /// <summary>
    /// The server said the prompt is too long: everything but the results that must stay, and if there is nothing
    /// else, those too.
    /// </summary>
    public IReadOnlyList<long> ChooseAll()
    {
        if (!Hides)
        {
            return [];
        }

        var candidates = Candidates(Math.Max(Math.Max(0, _policy.KeepLast), _results.Count - _seen));
        return Hide(candidates.Count > 0 ? candidates : Candidates(0));
    }

    /// <summary>The steps to take out before the next call, which appends <paramref name="pending"/>; null for none.</summary>
    public ViewCut? ChooseCut(IReadOnlyList<ViewItem> pending) =>
        Discards ? _steps.Choose(pending, Trigger, ref _tokens) : null;

    /// <summary>The server said the prompt is too long: every step but the last.</summary>
    public ViewCut? ChooseCutAll(IReadOnlyList<ViewItem> pending) => Discards ? _steps.Cut(pending, 1, ref _tokens) : null;

    List<Result> Candidates(int keep) =>
        [.. _results.Take(Math.Max(0, _results.Count - keep))
            .Where(r => !r.Hidden && r.Tokens > PlaceholderTokens && !_policy.Exclude.Contains(r.Tool))];

    static List<Result> Take(List<Result> oldestFirst, long wanted)
    {
        var freed = 0L;
        return [.. oldestFirst.TakeWhile(r =>
        {
            var more = freed < wanted;
            freed += r.Tokens - PlaceholderTokens;
            return more;
        })];
    }

    static long Freed(List<Result> results) => results.Sum(r => r.Tokens - PlaceholderTokens);

    long[] Hide(List<Result> results)
    {
        foreach (var result in results)
        {
            result.Hidden = true;
        }

        _tokens -= Freed(results);
        return [.. results.Select(r => r.Sequence)];
    }

    sealed class Result(long sequence, string tool, long tokens)
    {
        public long Sequence => sequence;

        public string Tool => tool;

        public long Tokens => tokens;

        public bool Hidden { get; set; }
    }
}
