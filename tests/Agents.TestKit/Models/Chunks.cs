using System.Text.Json;

namespace Agents.TestKit.Models;

/// <summary>Chunks of a chat completion stream, as text.</summary>
public static class Chunks
{
    public static string Delta(string delta, string finish = "null", string more = "") =>
        """{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"fake","choices":[{"index":0,"delta":"""
        + delta + ",\"finish_reason\":" + finish + more + "}]}";

    public static string Finish(string reason) => Delta("{}", Quote(reason));

    public static string Call(int index, string id, string name, string arguments) => Delta(
        """{"tool_calls":[{"index":""" + index + ",\"id\":" + Quote(id) + ",\"type\":\"function\",\"function\":{\"name\":"
        + Quote(name) + ",\"arguments\":" + Quote(arguments) + "}}]}");

    public static string Usage(int prompt, int completion) =>
        """{"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":"""
        + prompt + ",\"completion_tokens\":" + completion + ",\"total_tokens\":" + (prompt + completion) + "}}";

    /// <summary>A text as a JSON string.</summary>
    public static string Quote(string text) => JsonSerializer.Serialize(text);
}
