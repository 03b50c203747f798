using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Agents.Loop.View;

/// <summary>
/// Items that leave the view, by their places in the conversation from 0: all before a place but the first, which opens the
/// run, and those that stay.
/// </summary>
public sealed record ViewCut(int Before, IReadOnlyList<int> Keep)
{
    /// <summary>This cut, made on a view that an earlier one cut already.</summary>
    public ViewCut After(ViewCut? earlier) => earlier is null ? this : new(Before, [.. earlier.Keep, .. Keep]);
}

/// <summary>
/// Input of the CallModel activity: what joined the conversation since the previous call, never the conversation.
/// Its size depends on the step alone, not on how many came before. Text form, compact JSON:
/// <c>{"v":1,"p":4,"n":2,"a":[9,{"role":"user","text":"…"}],"o":[{"hide":[5,7]}]}</c>;
/// where steps are taken out, <c>"o":[{"discard":12,"keep":[8]}]</c>.
/// </summary>
public sealed record ModelCallInput
{
    /// <summary>Version of fold and rendering; a worker that does not know it refuses the call.</summary>
    public const int RendererVersion = 1;

    static readonly JsonWriterOptions s_plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public int Version { get; init; } = RendererVersion;

    /// <summary>Task id of the model call this one continues; null for the first.</summary>
    public int? Previous { get; init; }

    /// <summary>Ordinal of the step, from 1.</summary>
    public required int Step { get; init; }

    /// <summary>Items appended since the previous call, in order.</summary>
    public IReadOnlyList<ViewItem> Appended { get; init; } = [];

    /// <summary>Tool results whose content leaves the view from this call on.</summary>
    public IReadOnlyList<long> Hidden { get; init; } = [];

    /// <summary>Steps that leave the view from this call on; null for none.</summary>
    public ViewCut? Cut { get; init; }

    public string ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, s_plain))
        {
            json.WriteStartObject();
            json.WriteNumber("v", Version);
            if (Previous is { } previous)
            {
                json.WriteNumber("p", previous);
            }

            json.WriteNumber("n", Step);
            json.WriteStartArray("a");
            foreach (var item in Appended)
            {
                Write(json, item);
            }

            json.WriteEndArray();
            if (Hidden.Count > 0 || Cut is not null)
            {
                WriteOperations(json);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    void WriteOperations(Utf8JsonWriter json)
    {
        json.WriteStartArray("o");
        if (Hidden.Count > 0)
        {
            json.WriteStartObject();
            json.WriteStartArray("hide");
            foreach (var sequence in Hidden)
            {
                json.WriteNumberValue(sequence);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        if (Cut is { } cut)
        {
            json.WriteStartObject();
            json.WriteNumber("discard", cut.Before);
            json.WriteStartArray("keep");
            foreach (var place in cut.Keep)
            {
                json.WriteNumberValue(place);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    static void Write(Utf8JsonWriter json, ViewItem item)
    {
        switch (item)
        {
            case ViewItem.Stored stored:
                json.WriteNumberValue(stored.Sequence);
                break;
            case ViewItem.UserNote note:
                json.WriteStartObject();
                json.WriteString("role", "user");
                json.WriteString("text", note.Text);
                json.WriteEndObject();
                break;
            case ViewItem.ToolNote note:
                json.WriteStartObject();
                json.WriteString("role", "tool");
                json.WriteNumber("m", note.Message);
                json.WriteNumber("i", note.Call);
                json.WriteString("text", note.Text);
                json.WriteEndObject();
                break;
            default:
                throw new InvalidOperationException($"view item {item.GetType().Name} has no text form");
        }
    }

    /// <summary>Reads the text form; throws <see cref="FormatException"/> when it is not one, or of another version.</summary>
    public static ModelCallInput Parse(string? text)
    {
        try
        {
            using var document = JsonDocument.Parse(text ?? "");
            return Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException($"model call input is not readable: {e.Message}", e);
        }
    }

    static ModelCallInput Read(JsonElement root)
    {
        var version = root.GetProperty("v").GetInt32();
        if (version != RendererVersion)
        {
            throw new FormatException(
                $"model call input has renderer version {version}, this worker knows {RendererVersion}");
        }

        return new ModelCallInput
        {
            Version = version,
            Previous = root.TryGetProperty("p", out var p) ? p.GetInt32() : null,
            Step = root.GetProperty("n").GetInt32(),
            Appended = [.. root.GetProperty("a").EnumerateArray().Select(ReadItem)],
            Hidden = [.. Operations(root, "hide").SelectMany(o => o.GetProperty("hide").EnumerateArray()).Select(s => s.GetInt64())],
            Cut = Operations(root, "discard").Select(o => new ViewCut(
                o.GetProperty("discard").GetInt32(), [.. o.GetProperty("keep").EnumerateArray().Select(k => k.GetInt32())])).FirstOrDefault(),
        };
    }

    static IEnumerable<JsonElement> Operations(JsonElement root, string name)
    {
        if (!root.TryGetProperty("o", out var operations))
        {
            return [];
        }

        // One this worker does not know would change the view behind its back.
        return operations.EnumerateArray().All(o => o.TryGetProperty("hide", out _) || o.TryGetProperty("discard", out _))
            ? operations.EnumerateArray().Where(o => o.TryGetProperty(name, out _))
            : throw new FormatException("model call input has a view operation that this worker does not know");
    }

    static ViewItem ReadItem(JsonElement item) => item.ValueKind == JsonValueKind.Number
        ? new ViewItem.Stored(item.GetInt64())
        : item.GetProperty("role").GetString() switch
        {
            "user" => new ViewItem.UserNote(item.GetProperty("text").GetString() ?? ""),
            "tool" => new ViewItem.ToolNote(
                item.GetProperty("m").GetInt64(),
                item.GetProperty("i").GetInt32(),
                item.GetProperty("text").GetString() ?? ""),
            var role => throw new FormatException($"model call input: unknown role '{role}'"),
        };
}
