using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Agents.ModelServer.Scripted;

/// <summary>
/// A move in the form of a chat completion. Id and counts come from the request alone, so equal requests are answered
/// with equal bytes. Tokens are an estimate (a token is four characters) and nothing is ever cached.
/// </summary>
sealed class ScriptedReply
{
    const int CharsPerToken = 4;
    const int IdBytes = 4096;
    static readonly JsonWriterOptions s_writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    readonly Move _move;
    readonly string _id;
    readonly int _callsBefore;
    readonly int _promptTokens;

    ScriptedReply(Move move, string id, int callsBefore, int promptTokens)
    {
        _move = move;
        _id = id;
        _callsBefore = callsBefore;
        _promptTokens = promptTokens;
    }

    public static ScriptedReply To(JsonElement request)
    {
        var conversation = Conversation.Read(request);
        var raw = System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(request);

        // Its end tells one request of a conversation from the next; hashing a megabyte for an id would be waste.
        var end = raw[Math.Max(0, raw.Length - IdBytes)..];
        var id = $"chatcmpl-{raw.Length:x}-{Convert.ToHexStringLower(SHA256.HashData(end))[..16]}";
        return new ScriptedReply(
            ScriptedPolicy.Next(conversation), id, conversation.CallCount, Tokens(Encoding.UTF8.GetCharCount(raw)));
    }

    /// <summary>The chunks of the streamed form: reasoning, then content or calls, the finish, the usage.</summary>
    public IEnumerable<string> Chunks()
    {
        yield return Chunk(json => json.WriteString("role", "assistant"), null);
        foreach (var piece in Plain.Pieces(_move.Reasoning))
        {
            yield return Chunk(json => json.WriteString("reasoning_content", piece), null);
        }

        foreach (var piece in Plain.Pieces(_move.Content ?? ""))
        {
            yield return Chunk(json => json.WriteString("content", piece), null);
        }

        for (var i = 0; i < _move.Calls.Count; i++)
        {
            var index = i;
            yield return Chunk(json => WriteCalls(json, index, index + 1), null);
        }

        yield return Chunk(_ => { }, Finish);
        yield return Write(json =>
        {
            WriteHead(json, "chat.completion.chunk");
            json.WriteStartArray("choices");
            json.WriteEndArray();
            WriteUsage(json);
        });
    }

    /// <summary>The form without streaming.</summary>
    public string Whole() => Write(json =>
    {
        WriteHead(json, "chat.completion");
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        json.WriteStartObject("message");
        json.WriteString("role", "assistant");
        json.WriteString("reasoning_content", _move.Reasoning);
        json.WriteString("content", _move.Content ?? "");
        if (_move.Calls.Count > 0)
        {
            WriteCalls(json, 0, _move.Calls.Count);
        }

        json.WriteEndObject();
        json.WriteString("finish_reason", Finish);
        json.WriteEndObject();
        json.WriteEndArray();
        WriteUsage(json);
    });

    string Finish => _move.Calls.Count > 0 ? "tool_calls" : "stop";

    string Chunk(Action<Utf8JsonWriter> delta, string? finish) => Write(json =>
    {
        WriteHead(json, "chat.completion.chunk");
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        json.WriteStartObject("delta");
        delta(json);
        json.WriteEndObject();
        json.WriteString("finish_reason", finish);
        json.WriteEndObject();
        json.WriteEndArray();
    });

    void WriteHead(Utf8JsonWriter json, string kind)
    {
        json.WriteString("id", _id);
        json.WriteString("object", kind);
        json.WriteNumber("created", 0);
        json.WriteString("model", ScriptedModelServer.ModelId);
    }

    void WriteCalls(Utf8JsonWriter json, int from, int to)
    {
        json.WriteStartArray("tool_calls");
        for (var i = from; i < to; i++)
        {
            var call = _move.Calls[i];
            json.WriteStartObject();
            json.WriteNumber("index", i);
            json.WriteString("id", $"functions.{call.Name}:{_callsBefore + i}");
            json.WriteString("type", "function");
            json.WriteStartObject("function");
            json.WriteString("name", call.Name);
            json.WriteString("arguments", call.Arguments);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    void WriteUsage(Utf8JsonWriter json)
    {
        var reasoning = Tokens(_move.Reasoning.Length);
        var said = reasoning + Tokens(_move.Content?.Length ?? 0) + _move.Calls.Sum(c => Tokens(c.Name.Length + c.Arguments.Length));
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", _promptTokens);
        json.WriteNumber("completion_tokens", said);
        json.WriteNumber("total_tokens", _promptTokens + said);
        json.WriteStartObject("prompt_tokens_details");
        json.WriteNumber("cached_tokens", 0);
        json.WriteEndObject();
        json.WriteStartObject("completion_tokens_details");
        json.WriteNumber("reasoning_tokens", reasoning);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    static int Tokens(int chars) => (chars + CharsPerToken - 1) / CharsPerToken;

    static string Write(Action<Utf8JsonWriter> fields)
    {
        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, s_writing))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}

[JsonSerializable(typeof(string))]
sealed partial class ScriptedJson : JsonSerializerContext;
