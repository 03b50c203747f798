using System.Text.Json;
using Agents.Contracts.Transcript;

namespace Agents.Inference.Streaming;

/// <summary>
/// Collects token counts from wherever a server puts them. Counts only grow within a reply, so the largest value of
/// each field is its last one, and a later event that leaves a field out does not lose it.
/// </summary>
internal sealed class UsageReader
{
    const double CharsPerToken = 4;

    long _prompt, _exclusivePrompt, _hit, _write, _out, _reasoning;
    bool _outsideCache;

    /// <summary>Whether the server reported anything.</summary>
    public bool Any { get; private set; }

    /// <summary>Reads a chunk: its usage, its choices' usage (Moonshot), its timings (llama.cpp).</summary>
    public void ReadChunk(JsonElement chunk)
    {
        Read(Object(chunk, "usage"));
        if (chunk.TryGetProperty("choices", out var choices) && choices.ValueKind == JsonValueKind.Array)
        {
            foreach (var choice in choices.EnumerateArray())
            {
                Read(Object(choice, "usage"));
            }
        }

        if (Object(chunk, "timings") is { } timings)
        {
            var cached = Count(timings, "cache_n");
            Raise(ref _hit, cached);
            Raise(ref _prompt, Count(timings, "prompt_n") + cached);
            Raise(ref _out, Count(timings, "predicted_n"));
            Any |= _prompt > 0 || _out > 0;
        }
    }

    /// <summary>The four buckets. Where nothing was reported, an estimate by size: too little would slip past budgets.</summary>
    public TokenUsage Result(long requestBytes, long replyChars)
    {
        if (!Any)
        {
            return new TokenUsage(
                (long)Math.Ceiling(requestBytes / CharsPerToken), Out: (long)Math.Ceiling(replyChars / CharsPerToken));
        }

        var prompt = _outsideCache && _prompt == 0 ? _exclusivePrompt + _hit + _write : Math.Max(_prompt, _exclusivePrompt);
        var hit = Math.Min(_hit, prompt);
        var write = Math.Min(_write, prompt - hit);
        return new TokenUsage(prompt - hit - write, hit, write, _out, Math.Min(_reasoning, _out));
    }

    void Read(JsonElement? reported)
    {
        if (reported is not { } usage)
        {
            return;
        }

        Any = true;
        Raise(ref _prompt, Count(usage, "prompt_tokens"));
        Raise(ref _exclusivePrompt, Count(usage, "input_tokens"));
        Raise(ref _out, Count(usage, "completion_tokens"));
        Raise(ref _out, Count(usage, "output_tokens"));
        Raise(ref _reasoning, Count(usage, "reasoning_tokens"));
        Raise(ref _hit, Count(usage, "cached_tokens"));
        Raise(ref _hit, Count(usage, "prompt_cache_hit_tokens"));
        ReadAnthropicStyle(usage);
        foreach (var details in new[] { "prompt_tokens_details", "input_tokens_details" })
        {
            if (Object(usage, details) is { } d)
            {
                Raise(ref _hit, Count(d, "cached_tokens"));
                Raise(ref _write, Count(d, "cache_write_tokens"));
            }
        }

        foreach (var details in new[] { "completion_tokens_details", "output_tokens_details" })
        {
            if (Object(usage, details) is { } d)
            {
                Raise(ref _reasoning, Count(d, "reasoning_tokens"));
            }
        }
    }

    // Here the cache counts are not a part of the input count, elsewhere they are.
    void ReadAnthropicStyle(JsonElement usage)
    {
        var read = Count(usage, "cache_read_input_tokens");
        var written = Count(usage, "cache_creation_input_tokens");
        _outsideCache |= read > 0 || written > 0;
        Raise(ref _hit, read);
        Raise(ref _write, written);
    }

    static void Raise(ref long field, long value) => field = Math.Max(field, value);

    static JsonElement? Object(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.Object ? value : null;

    static long Count(JsonElement parent, string name)
    {
        if (!parent.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.Number)
        {
            return 0;
        }

        return value.TryGetInt64(out var whole) ? Math.Max(0, whole)
            : value.TryGetDouble(out var real) && real is > 0 and < 1e15 ? (long)real
            : 0;
    }
}
