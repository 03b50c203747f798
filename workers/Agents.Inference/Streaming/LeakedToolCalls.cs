using Agents.Contracts.Transcript;
using Agents.Inference.Requests;

namespace Agents.Inference.Streaming;

/// <summary>
/// Kimi K2 writes tool calls as special tokens; a server whose parser is off, or trips over itself, lets them through
/// as text. This reads that text:
/// <code>
/// &lt;|tool_calls_section_begin|&gt;&lt;|tool_call_begin|&gt;functions.NAME:IDX&lt;|tool_call_argument_begin|&gt;{json}&lt;|tool_call_end|&gt;&lt;|tool_calls_section_end|&gt;
/// </code>
/// </summary>
internal static class LeakedToolCalls
{
    public const string SectionBegin = "<|tool_calls_section_begin|>";
    public const string CallBegin = "<|tool_call_begin|>";
    const string SectionEnd = "<|tool_calls_section_end|>";
    const string ArgumentBegin = "<|tool_call_argument_begin|>";
    const string CallEnd = "<|tool_call_end|>";
    const string NamePrefix = "functions.";

    /// <summary>
    /// Reads a text that begins at the first marker. Null when it holds no complete, well formed calls; then the text
    /// is the model's own. <paramref name="Rest"/> is what stands behind the calls.
    /// </summary>
    public sealed record Found(IReadOnlyList<ToolCall> Calls, string Rest);

    public static Found? Read(string text, ModelBounds bounds)
    {
        var sectioned = text.StartsWith(SectionBegin, StringComparison.Ordinal);
        var at = sectioned ? SectionBegin.Length : 0;
        var calls = new List<ToolCall>();
        while (Skip(text, ref at, CallBegin))
        {
            if (calls.Count >= bounds.ToolCallsMax || ReadCall(text, ref at, calls.Count) is not { } call)
            {
                return null;
            }

            calls.Add(call);
        }

        if (calls.Count == 0)
        {
            return null;
        }

        // The end of the section is sometimes eaten as the stop token.
        Skip(text, ref at, SectionEnd);
        return new Found(calls, text[at..].TrimStart());
    }

    static ToolCall? ReadCall(string text, ref int at, int index)
    {
        var middle = text.IndexOf(ArgumentBegin, at, StringComparison.Ordinal);
        if (middle < 0)
        {
            return null;
        }

        var id = text[at..middle].Trim();
        var begin = middle + ArgumentBegin.Length;
        var end = text.IndexOf(CallEnd, begin, StringComparison.Ordinal);
        if (end < 0)
        {
            return null;
        }

        at = end + CallEnd.Length;
        var name = id.StartsWith(NamePrefix, StringComparison.Ordinal) ? id[NamePrefix.Length..] : id;
        var colon = name.LastIndexOf(':');
        name = colon < 0 ? name : name[..colon];
        return ToolRenderer.IsName(name) ? new ToolCall(index, id, name, text[begin..end].Trim()) : null;
    }

    static bool Skip(string text, ref int at, string marker)
    {
        var start = at;
        while (start < text.Length && char.IsWhiteSpace(text[start]))
        {
            start++;
        }

        if (string.CompareOrdinal(text, start, marker, 0, marker.Length) != 0)
        {
            return false;
        }

        at = start + marker.Length;
        return true;
    }
}
