using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Agents.ModelServer.Generation;

namespace Agents.ModelServer.Http;

/// <summary>Writes the JSON of the wire.</summary>
static class WireJson
{
    static readonly JsonWriterOptions s_writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static ReadOnlyMemory<byte> Object(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        Object(buffer, members);
        return buffer.WrittenMemory;
    }

    /// <summary>One event of a stream.</summary>
    public static void Event(IBufferWriter<byte> to, Action<Utf8JsonWriter> members)
    {
        to.Write("data: "u8);
        Object(to, members);
        to.Write("\n\n"u8);
    }

    static void Object(IBufferWriter<byte> to, Action<Utf8JsonWriter> members)
    {
        using var json = new Utf8JsonWriter(to, s_writing);
        json.WriteStartObject();
        members(json);
        json.WriteEndObject();
    }

    public static void Usage(Utf8JsonWriter json, GenerationUsage usage)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", usage.PromptTokens);
        json.WriteNumber("completion_tokens", usage.ReplyTokens);
        json.WriteNumber("total_tokens", usage.PromptTokens + usage.ReplyTokens);
        json.WriteStartObject("prompt_tokens_details");
        json.WriteNumber("cached_tokens", usage.CachedTokens);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static void Numbers(Utf8JsonWriter json, string name, IEnumerable<int> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }

    public static ReadOnlyMemory<byte> Error(RequestRefusedException e) => Object(json => Error(json, e.Message, e.Type, e.Code));

    public static void Error(Utf8JsonWriter json, string message, string type, string? code)
    {
        json.WriteStartObject("error");
        json.WriteString("message", message);
        json.WriteString("type", type);
        json.WriteNull("param");
        json.WriteString("code", code);
        json.WriteEndObject();
    }

    public static ReadOnlyMemory<byte> Models(ServedModel model) => Object(json =>
    {
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        json.WriteStartObject();
        json.WriteString("id", model.Id);
        json.WriteString("object", "model");
        json.WriteNumber("created", 0);
        json.WriteString("owned_by", "agents");
        json.WriteNumber("max_model_len", model.ContextTokens);
        json.WriteString("description", model.Model.Description);
        json.WriteEndObject();
        json.WriteEndArray();
    });
}
