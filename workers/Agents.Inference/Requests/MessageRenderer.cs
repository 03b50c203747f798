using System.Text.Encodings.Web;
using System.Text.Json;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;

namespace Agents.Inference.Requests;

/// <summary>
/// Renders the items of a transcript to message objects, once each. The same item gives the same bytes for ever under
/// the same profile and <see cref="Version"/>; the view is a list of these fragments.
/// </summary>
public sealed class MessageRenderer(ModelProfile profile)
{
    /// <summary>Changes whenever the bytes of any message change; pinned by runs.</summary>
    public const int Version = 1;

    static readonly JsonWriterOptions s_writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    static readonly byte[] s_assistant = """{"role":"assistant","""u8.ToArray();

    public byte[] System(string text) => Plain("system", text);

    public byte[] User(string text) => Plain("user", text);

    /// <summary>
    /// The assistant's message. <paramref name="callsBefore"/> is the number of tool calls in the whole conversation
    /// before this message; it matters only to profiles that number ids ("functions_index").
    /// </summary>
    public byte[] Assistant(ModelReply reply, int callsBefore) => Write("assistant", json =>
    {
        json.WriteString("content", JsonText.Sound(reply.Content ?? ""));
        WriteReasoning(json, reply);
        if (reply.ToolCalls.Count == 0)
        {
            return;
        }

        json.WriteStartArray("tool_calls");
        for (var i = 0; i < reply.ToolCalls.Count; i++)
        {
            var call = reply.ToolCalls[i];
            json.WriteStartObject();
            json.WriteString("id", JsonText.Sound(IdOf(call, callsBefore + i)));
            json.WriteString("type", "function");
            json.WriteStartObject("function");
            json.WriteString("name", JsonText.Sound(call.Name));
            json.WriteString("arguments", JsonText.Sound(call.Arguments));
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    /// <summary>
    /// The result of a tool call. <paramref name="ordinal"/> is the call's place among all tool calls of the
    /// conversation: callsBefore of its assistant message plus its place in that message.
    /// </summary>
    public byte[] Tool(ToolCall call, ToolReply reply, int ordinal) => Tool(call, reply.Content, ordinal);

    /// <summary>The same with another text: a placeholder where the view hides the result.</summary>
    public byte[] Tool(ToolCall call, string content, int ordinal) => Write("tool", json =>
    {
        json.WriteString("tool_call_id", JsonText.Sound(IdOf(call, ordinal)));
        json.WriteString("name", JsonText.Sound(call.Name));
        json.WriteString("content", JsonText.Sound(content));
    });

    /// <summary>
    /// Whether a rendered message is the assistant's. A request that ends with one is taken as "continue this text"
    /// by several servers and refused by others, so it is never sent.
    /// </summary>
    public static bool IsAssistant(ReadOnlySpan<byte> fragment) => fragment.StartsWith(s_assistant);

    string IdOf(ToolCall call, int ordinal) => profile.ToolCallIds == "functions_index"
        ? $"functions.{call.Name}:{ordinal}"
        : call.Id;

    // vLLM reads "reasoning", everybody else "reasoning_content"; unknown fields are ignored by both, so send both.
    // A thinking model refuses a tool-call message without it; the empty string is the accepted stand-in.
    void WriteReasoning(Utf8JsonWriter json, ModelReply reply)
    {
        if (!profile.SendReasoning || (reply.Reasoning is null && reply.ToolCalls.Count == 0))
        {
            return;
        }

        var text = JsonText.Sound(reply.Reasoning ?? "");
        json.WriteString("reasoning_content", text);
        json.WriteString("reasoning", text);
    }

    static byte[] Plain(string role, string text) => Write(role, json => json.WriteString("content", JsonText.Sound(text)));

    static byte[] Write(string role, Action<Utf8JsonWriter> fields)
    {
        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, s_writing))
        {
            json.WriteStartObject();
            json.WriteString("role", role);
            fields(json);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
