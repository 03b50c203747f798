using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Agents.Contracts.Runs;

namespace Agents.Inference.Requests;

/// <summary>
/// The body of a call: a head fixed for the run, the message fragments joined by commas, a tail. Written straight to
/// the connection, never copied together: a long conversation is a megabyte of fragments that are cached elsewhere.
/// </summary>
internal sealed class RequestBody : HttpContent
{
    /// <summary>Fields that are ours to write; a profile's extra fields may not name them.</summary>
    public static readonly IReadOnlyList<string> Reserved = ["model", "messages", "stream", "tools"];

    static readonly JsonWriterOptions s_writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    static readonly byte[] s_comma = ","u8.ToArray();

    readonly IReadOnlyList<ReadOnlyMemory<byte>> _messages;
    readonly byte[] _head;
    readonly byte[] _tail;

    public RequestBody(ModelRequest request)
    {
        _messages = request.Messages;
        _head = Head(request);
        _tail = Tail(request);
        Length = _head.Length + _tail.Length + Math.Max(0, _messages.Count - 1) + _messages.Sum(m => (long)m.Length);
        Headers.ContentType = new MediaTypeHeaderValue("application/json");
    }

    /// <summary>Bytes of the whole body.</summary>
    public long Length { get; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(_head, cancellationToken);
        for (var i = 0; i < _messages.Count; i++)
        {
            if (i > 0)
            {
                await stream.WriteAsync(s_comma, cancellationToken);
            }

            await stream.WriteAsync(_messages[i], cancellationToken);
        }

        await stream.WriteAsync(_tail, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = Length;
        return true;
    }

    // Everything that stays the same for all calls of a run stands before the messages.
    static byte[] Head(ModelRequest request)
    {
        var profile = request.Profile;
        return Write(json =>
        {
            json.WriteString("model", profile.Model);
            json.WriteBoolean("stream", true);
            WriteExtra(json, profile.Extra);
            if (!HasExtra(profile, "stream_options"))
            {
                json.WriteStartObject("stream_options");
                json.WriteBoolean("include_usage", true);
                json.WriteEndObject();
            }

            WriteNumber(json, profile, "temperature", profile.Temperature);
            WriteNumber(json, profile, "top_p", profile.TopP);
            if (profile.PromptCacheKey && request.RunId is { } run && !HasExtra(profile, "prompt_cache_key"))
            {
                json.WriteString("prompt_cache_key", run);
            }

            if (request.Tools.Length > 0)
            {
                json.WritePropertyName("tools");
                json.WriteRawValue(request.Tools.Span, skipInputValidation: true);
            }

            json.WritePropertyName("messages");
            json.WriteStartArray();
        }, closed: false);
    }

    static byte[] Tail(ModelRequest request)
    {
        var profile = request.Profile;
        var fields = Write(json =>
        {
            if (!HasExtra(profile, profile.OutputTokensField))
            {
                json.WriteNumber(profile.OutputTokensField, request.OutputTokensMax ?? profile.OutputTokensMax);
            }

            if (request.Tools.Length > 0 && request.ToolChoice is { } choice)
            {
                WriteToolChoice(json, choice);
            }

            if (request.OutputSchema is { } schema && !HasExtra(profile, "response_format"))
            {
                WriteSchema(json, schema);
            }
        }, closed: true);

        // The writer began an object of its own; its opening brace becomes the comma behind the messages.
        return fields.Length == 2 ? "]}"u8.ToArray() : [(byte)']', (byte)',', .. fields.AsSpan(1)];
    }

    static void WriteToolChoice(Utf8JsonWriter json, string choice)
    {
        if (choice is "auto" or "none" or "required")
        {
            json.WriteString("tool_choice", choice);
            return;
        }

        json.WriteStartObject("tool_choice");
        json.WriteString("type", "function");
        json.WriteStartObject("function");
        json.WriteString("name", choice);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    static void WriteSchema(Utf8JsonWriter json, JsonElement schema)
    {
        json.WriteStartObject("response_format");
        json.WriteString("type", "json_schema");
        json.WriteStartObject("json_schema");
        json.WriteString("name", "answer");
        json.WritePropertyName("schema");
        schema.WriteTo(json);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    static void WriteExtra(Utf8JsonWriter json, JsonElement? extra)
    {
        if (extra is not { ValueKind: JsonValueKind.Object } fields)
        {
            return;
        }

        foreach (var field in fields.EnumerateObject().Where(f => !Reserved.Contains(f.Name)))
        {
            field.WriteTo(json);
        }
    }

    static void WriteNumber(Utf8JsonWriter json, ModelProfile profile, string name, double? value)
    {
        if (value is { } number && !HasExtra(profile, name))
        {
            json.WriteNumber(name, number);
        }
    }

    static bool HasExtra(ModelProfile profile, string name) =>
        profile.Extra is { ValueKind: JsonValueKind.Object } extra && extra.TryGetProperty(name, out _);

    static byte[] Write(Action<Utf8JsonWriter> fields, bool closed)
    {
        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, s_writing))
        {
            json.WriteStartObject();
            fields(json);
            if (closed)
            {
                json.WriteEndObject();
            }

            json.Flush();
        }

        return buffer.ToArray();
    }

    /// <summary>The whole body as text, for tests and digests of a request.</summary>
    public async Task<string> TextAsync(CancellationToken cancel) =>
        Encoding.UTF8.GetString(await ReadAsByteArrayAsync(cancel));
}
