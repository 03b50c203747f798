using System.Text.Json;
using Agents.Pool.Workers;

namespace Agents.Pool.Passing;

/// <summary>Looks at a reply as it passes: keeps its last bytes, where the usage stands, and counts its events. Changes nothing.</summary>
sealed class UsageTail
{
    const int KeptBytes = 4_096;

    readonly byte[] _tail = new byte[KeptBytes];
    int _length;
    long _lines;

    public void Look(ReadOnlySpan<byte> passed)
    {
        _lines += passed.Count((byte)'\n');
        if (passed.Length >= KeptBytes)
        {
            passed[^KeptBytes..].CopyTo(_tail);
            _length = KeptBytes;
            return;
        }

        var kept = Math.Min(_length, KeptBytes - passed.Length);
        _tail.AsSpan(_length - kept, kept).CopyTo(_tail);
        passed.CopyTo(_tail.AsSpan(kept));
        _length = kept + passed.Length;
    }

    /// <summary>What the usage says; where a stream has none, its events are about its tokens.</summary>
    public ReplyTokens Read(bool streamed)
    {
        var tail = _tail.AsSpan(0, _length);
        return tail.LastIndexOf("\"usage\":"u8) is >= 0 and var at && Usage(tail[(at + "\"usage\":".Length)..]) is { } usage ? usage
            : streamed ? new ReplyTokens(null, (int)Math.Min(int.MaxValue, Math.Max(0, (_lines / 2) - 2)), null)
            : default;
    }

    static ReplyTokens? Usage(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            using var usage = JsonDocument.ParseValue(ref reader);
            if (usage.RootElement.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            var cached = Number(usage.RootElement, "cached_tokens")
                ?? (usage.RootElement.TryGetProperty("prompt_tokens_details", out var details) && details.ValueKind == JsonValueKind.Object
                    ? Number(details, "cached_tokens")
                    : null);
            return new ReplyTokens(Number(usage.RootElement, "prompt_tokens"), Number(usage.RootElement, "completion_tokens"), cached);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    static int? Number(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;
}
