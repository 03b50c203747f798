using System.Text.Encodings.Web;
using System.Text.Json;

namespace Agents.ModelServer.Scripted;

/// <summary>What the policy says next: why, and either calls or an answer.</summary>
sealed record Move(string Reasoning, string? Content, IReadOnlyList<PlannedCall> Calls)
{
    public static Move Answer(string reasoning, string content) => new(reasoning, content, []);

    public static Move Use(string reasoning, params IReadOnlyList<PlannedCall> calls) => new(reasoning, null, calls);
}

/// <summary>A tool call to make; the arguments are compact JSON.</summary>
sealed record PlannedCall(string Name, string Arguments)
{
    static readonly JsonWriterOptions s_writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A call with these members; a null value leaves its member out.</summary>
    public static PlannedCall Of(string name, params IReadOnlyList<(string Name, object? Value)> arguments)
    {
        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, s_writing))
        {
            json.WriteStartObject();
            foreach (var (member, value) in arguments)
            {
                Write(json, member, value);
            }

            json.WriteEndObject();
        }

        return new PlannedCall(name, System.Text.Encoding.UTF8.GetString(buffer.ToArray()));
    }

    static void Write(Utf8JsonWriter json, string name, object? value)
    {
        switch (value)
        {
            case null:
                break;
            case string text:
                json.WriteString(name, text);
                break;
            case long number:
                json.WriteNumber(name, number);
                break;
            default:
                throw new ArgumentException($"no JSON form for {value.GetType().Name}", nameof(value));
        }
    }
}
