using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Effects;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Loop.View;
using Agents.Replay;

namespace Agents.Loop.Calls;

/// <summary>A tool call with its answer: the item that joins the conversation and its text, for the estimate.</summary>
sealed record AnsweredCall(ViewItem Item, string Tool, string Content, bool IsBadCall);

/// <summary>
/// Runs the tool calls of one reply. Neighbours that are declared parallel run together, bounded; every other call runs
/// alone, in order. Answers are given in call order whatever finished first.
/// </summary>
sealed class ToolCalls(OrchestrationContext context, RunInput input)
{
    const int FailureCharactersMax = 2_000;
    const int NamesShownMax = 64;

    // A tool that may be repeated is repeated a little; a model that reads the error can do better than a long wait.
    static readonly RetryPolicy s_retry = new(4, TimeSpan.FromSeconds(1))
    {
        BackoffCoefficient = 3,
        MaxRetryInterval = TimeSpan.FromSeconds(30),
        HandleFailure = failure => !failure.IsNonRetriable,
    };

    readonly Dictionary<string, ToolSpec> _tools = Index(input.Tools);

    /// <summary>Whether a call from a reply that was cut can be trusted to be whole.</summary>
    public bool IsComplete(ToolCall call) => IsObject(call.Arguments);

    public async Task<IReadOnlyList<AnsweredCall>> RunAsync(ModelReply reply, long message, int step)
    {
        var answers = new AnsweredCall[reply.ToolCalls.Count];
        var from = 0;
        while (from < answers.Length)
        {
            var to = from + 1;
            while (MayRunBeside(reply.ToolCalls[from]) && to < answers.Length && MayRunBeside(reply.ToolCalls[to]))
            {
                to++;
            }

            await RunTogetherAsync(reply, message, step, from, to, answers);
            from = to;
        }

        return answers;
    }

    // Lanes take the next call as they become free, so one slow call holds up one lane only.
    async Task RunTogetherAsync(ModelReply reply, long message, int step, int from, int to, AnsweredCall[] answers)
    {
        var next = from;
        var lanes = Math.Min(to - from, Math.Max(1, input.Limits.ParallelToolCalls));
        await Task.WhenAll(Enumerable.Range(0, lanes).Select(_ => LaneAsync()).ToArray());

        async Task LaneAsync()
        {
            while (next < to)
            {
                var index = next++;
                answers[index] = await RunOneAsync(reply.ToolCalls[index], message, index, step);
            }
        }
    }

    // A malformed call is answered at once and holds nothing up.
    bool MayRunBeside(ToolCall call) => !_tools.TryGetValue(call.Name, out var tool) || tool.Parallel;

    async Task<AnsweredCall> RunOneAsync(ToolCall call, long message, int index, int step)
    {
        if (Malformed(call) is { } why)
        {
            return new AnsweredCall(new ViewItem.ToolNote(message, index, why), call.Name, why, IsBadCall: true);
        }

        var tool = _tools[call.Name];
        var options = new TaskOptions
        {
            Effect = tool.Effect == EffectClass.ReadOnly
                ? null
                : new EffectIntent(
                    tool.Effect,
                    IdempotencyKey.For(context.RunIdentity, step, index, tool.Name, call.Arguments),
                    tool.Name),
            Retry = tool.Effect == EffectClass.AtMostOnce ? null : s_retry,
            Tags = QueueTags.Of(tool.Queue),
        };
        try
        {
            var result = await context.CallActivityRawAsync(
                AgentRun.RunTool, new ToolCallInput(message, index).ToJson(), options);
            var reply = JsonSerializer.Deserialize(result.Value ?? "", ContractsJson.Default.ToolReply)
                ?? throw new InvalidOperationException("RunTool gave no reply");
            return new AnsweredCall(
                new ViewItem.Stored(result.Reference.Sequence), tool.Name, reply.Content, reply.IsBadCall);
        }
        catch (TaskFailedException e)
        {
            var text = $"The tool '{tool.Name}' failed: {Shorten(e.Failure.ErrorMessage)}";
            return new AnsweredCall(new ViewItem.ToolNote(message, index, text), tool.Name, text, IsBadCall: false);
        }
    }

    string? Malformed(ToolCall call)
    {
        if (!_tools.ContainsKey(call.Name))
        {
            var names = string.Join(", ", _tools.Keys.Order(StringComparer.Ordinal).Take(NamesShownMax));
            return names.Length == 0
                ? $"There is no tool named '{Shorten(call.Name)}'; this run has no tools. Give your answer as text."
                : $"There is no tool named '{Shorten(call.Name)}'. The tools are: {names}.";
        }

        return string.IsNullOrWhiteSpace(call.Arguments) || IsObject(call.Arguments)
            ? null
            : $"The arguments of this call to '{call.Name}' are not one JSON object. Send the call again with its arguments as a JSON object.";
    }

    static bool IsObject(string arguments)
    {
        try
        {
            using var document = JsonDocument.Parse(arguments);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    static string Shorten(string text)
    {
        if (text.Length <= FailureCharactersMax)
        {
            return text;
        }

        var cut = char.IsHighSurrogate(text[FailureCharactersMax - 1]) ? FailureCharactersMax - 1 : FailureCharactersMax;
        return string.Concat(text.AsSpan(0, cut), "…");
    }

    static Dictionary<string, ToolSpec> Index(IReadOnlyList<ToolSpec> tools)
    {
        var index = new Dictionary<string, ToolSpec>(tools.Count, StringComparer.Ordinal);
        foreach (var tool in tools)
        {
            index[tool.Name] = tool;
        }

        return index;
    }
}
