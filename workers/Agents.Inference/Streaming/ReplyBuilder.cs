using System.Text;
using System.Text.Json;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;

namespace Agents.Inference.Streaming;

/// <summary>
/// Folds chunks (or one whole completion) into a reply. Unknown fields are passed over; what makes a reply complete is
/// decided once, in <see cref="Build"/>: a known finish reason, and something to show for it.
/// </summary>
internal sealed class ReplyBuilder
{
    readonly ModelBounds _bounds;
    readonly Action<ModelDelta>? _show;
    readonly TextChannel _reasoning;
    readonly TextChannel _content;
    readonly ThinkSplitter _splitter;
    readonly ToolCallCollector _calls;
    readonly StringBuilder _refusal = new();
    string? _finish;
    string? _model;

    public ReplyBuilder(ModelBounds bounds, Action<ModelDelta>? show)
    {
        _bounds = bounds;
        _show = show;
        _reasoning = new TextChannel(ModelDeltaKind.Reasoning, show, bounds.TextCharsMax);
        _content = new TextChannel(ModelDeltaKind.Content, show, bounds.TextCharsMax);
        _splitter = new ThinkSplitter(_reasoning, _content);
        _calls = new ToolCallCollector(bounds);
    }

    public UsageReader Usage { get; } = new();

    /// <summary>A finish reason has come: only usage can still follow.</summary>
    public bool Finished => _finish is not null;

    /// <summary>Characters of output so far.</summary>
    public long Chars => _reasoning.Chars + _content.Chars + _calls.Chars + _refusal.Length;

    public void Add(JsonElement chunk)
    {
        if (chunk.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        Usage.ReadChunk(chunk);
        _model ??= JsonText.Read(chunk, "model") is { Length: > 0 } model ? model : null;
        if (!chunk.TryGetProperty("choices", out var choices) || choices.ValueKind != JsonValueKind.Array)
        {
            return;
        }

        foreach (var choice in choices.EnumerateArray())
        {
            // We ask for one choice; a server that sends more has us read the first.
            if (choice.ValueKind == JsonValueKind.Object && !IsOther(choice))
            {
                AddChoice(choice);
            }
        }
    }

    /// <summary>The outcome of what was read.</summary>
    public ModelOutcome Build(bool toolsOffered, TokenUsage usage)
    {
        if (_finish is null)
        {
            return Failed(ModelErrorKind.Transient, "AG4013: the stream ended without a finish reason", usage);
        }

        if (FinishReasons.Complete(_finish) is not { } finish)
        {
            return Failed(FinishReasons.Failure(_finish),
                $"AG4013: the server broke off with finish reason '{_finish}'", usage);
        }

        _splitter.Close();
        if (_calls.Result() is not { } calls)
        {
            return Failed(ModelErrorKind.Transient, "AG4013: the reply has a tool call without a name", usage);
        }

        calls = WithLeaked(calls, toolsOffered, out var content, out var reasoning);
        if (finish == FinishReason.Stop && calls.Count > 0)
        {
            finish = FinishReason.ToolCalls;
        }

        if (finish == FinishReason.Stop && content is null && _refusal.Length > 0)
        {
            finish = FinishReason.Refusal;
            content = JsonText.Sound(_refusal.ToString());
        }

        return Empty(finish, calls, content, reasoning, usage) ?? new ModelOutcome.Replied(new ModelReply
        {
            Reasoning = reasoning,
            Content = content,
            ToolCalls = calls,
            Finish = finish,
            Usage = usage,
            Model = _model,
        });
    }

    static ModelOutcome? Empty(
        FinishReason finish, IReadOnlyList<ToolCall> calls, string? content, string? reasoning, TokenUsage usage)
    {
        if (calls.Count > 0)
        {
            return null;
        }

        return finish switch
        {
            FinishReason.ToolCalls =>
                Failed(ModelErrorKind.Transient, "AG4013: finish reason 'tool_calls' came without a tool call", usage),
            FinishReason.Stop when !string.IsNullOrWhiteSpace(content) => null,
            FinishReason.Stop when !string.IsNullOrWhiteSpace(reasoning) =>
                Failed(ModelErrorKind.ReasoningOnly, "AG4014: the model reasoned and stopped without an answer", usage),
            FinishReason.Stop => Failed(ModelErrorKind.EmptyReply, "AG4014: the reply is empty", usage),
            _ => null,
        };
    }

    IReadOnlyList<ToolCall> WithLeaked(
        IReadOnlyList<ToolCall> calls, bool toolsOffered, out string? content, out string? reasoning)
    {
        LeakedToolCalls.Found? inContent = null;
        LeakedToolCalls.Found? inReasoning = null;
        if (calls.Count == 0 && toolsOffered)
        {
            inContent = _content.Aside is { } said ? LeakedToolCalls.Read(said, _bounds) : null;
            inReasoning = inContent is null && _reasoning.Aside is { } thought ? LeakedToolCalls.Read(thought, _bounds) : null;
        }

        reasoning = _reasoning.Close(inReasoning?.Rest);
        content = _content.Close(inContent?.Rest);
        return inContent?.Calls ?? inReasoning?.Calls ?? calls;
    }

    void AddChoice(JsonElement choice)
    {
        var delta = choice.TryGetProperty("delta", out var d) && d.ValueKind == JsonValueKind.Object ? d
            : choice.TryGetProperty("message", out var m) && m.ValueKind == JsonValueKind.Object ? m
            : default;
        if (delta.ValueKind == JsonValueKind.Object)
        {
            AddDelta(delta);
        }

        if (JsonText.Read(choice, "finish_reason") is { Length: > 0 } finish)
        {
            _finish = finish;
        }
    }

    void AddDelta(JsonElement delta)
    {
        // Some servers send both names with the same text: the first that holds something counts.
        var reasoning = JsonText.Read(delta, "reasoning_content") is { Length: > 0 } named
            ? named
            : JsonText.Read(delta, "reasoning");
        if (reasoning is { Length: > 0 })
        {
            _reasoning.Add(reasoning);
        }

        if (Content(delta) is { Length: > 0 } content)
        {
            _splitter.Add(content);
        }

        if (JsonText.Read(delta, "refusal") is { Length: > 0 } refusal)
        {
            _refusal.Append(refusal);
        }

        if (delta.TryGetProperty("tool_calls", out var fragments))
        {
            foreach (var text in _calls.Add(fragments))
            {
                _show?.Invoke(new ModelDelta(ModelDeltaKind.ToolCall, text));
            }
        }

        if (delta.TryGetProperty("function_call", out var function) && function.ValueKind == JsonValueKind.Object)
        {
            _show?.Invoke(new ModelDelta(ModelDeltaKind.ToolCall, _calls.AddFunctionCall(function)));
        }
    }

    static string? Content(JsonElement delta)
    {
        if (!delta.TryGetProperty("content", out var content))
        {
            return null;
        }

        return content.ValueKind == JsonValueKind.Array
            ? string.Concat(content.EnumerateArray().Select(part => JsonText.Read(part, "text")))
            : JsonText.Read(content);
    }

    static bool IsOther(JsonElement choice) =>
        choice.TryGetProperty("index", out var index) && index.ValueKind == JsonValueKind.Number
        && index.TryGetInt32(out var number) && number != 0;

    static ModelOutcome.Failed Failed(ModelErrorKind kind, string message, TokenUsage usage) =>
        new(new ModelError(kind, message, Usage: usage));
}
