using System.Globalization;

namespace Agents.ModelServer.Chat;

/// <summary>
/// Kimi K2's conversation format, byte for byte:
/// <code>
/// &lt;|im_system|&gt;tool_declare&lt;|im_middle|&gt;[tools]&lt;|im_end|&gt;&lt;|im_system|&gt;system&lt;|im_middle|&gt;…&lt;|im_end|&gt;&lt;|im_user|&gt;user&lt;|im_middle|&gt;…&lt;|im_end|&gt;
/// &lt;|im_assistant|&gt;assistant&lt;|im_middle|&gt;&lt;think&gt;…&lt;/think&gt;…&lt;|tool_calls_section_begin|&gt;&lt;|tool_call_begin|&gt;functions.NAME:IDX…
/// </code>
/// Reasoning is kept since the last answer without calls; before it, it is left empty. Calls are numbered through the whole
/// conversation, whatever ids the caller gave them, because the model was trained on such ids.
/// </summary>
public static class K2Template
{
    const string DefaultSystem = "You are Kimi, an AI assistant created by Moonshot AI.";

    /// <summary>The prompt, and how many calls it holds: the number of the next one.</summary>
    /// <param name="thinks">The vocabulary has marks for thinking.</param>
    /// <param name="thinking">False has the model answer without thinking first.</param>
    public static (List<PromptPiece> Pieces, int Calls) Render(
        IReadOnlyList<ChatMessage> messages, IReadOnlyList<ChatTool> tools, bool thinks, bool thinking)
    {
        var writer = new K2Writer(thinks);
        if (tools.Count > 0)
        {
            writer.Begin(K2Marks.SystemName, "tool_declare");
            writer.Text(PythonJson.Write(tools.Select(t => t.Json)));
            writer.Mark(K2Marks.EndName);
        }

        if (messages.Count == 0 || messages[0].Role != "system")
        {
            writer.Begin(K2Marks.SystemName, "system");
            writer.Text(DefaultSystem);
            writer.Mark(K2Marks.EndName);
        }

        var lastAnswer = messages.ToList().FindLastIndex(m => m.Role == "assistant" && m.Calls.Count == 0);
        for (var i = 0; i < messages.Count; i++)
        {
            writer.Message(messages[i], keepsReasoning: i > lastAnswer);
        }

        writer.Begin(K2Marks.AssistantName, "assistant");
        writer.Think("", closed: !thinking);
        return (writer.Pieces, writer.Calls);
    }

    /// <summary>What a model says behind the prompt that <see cref="Render"/> wrote, to the mark that ends its reply.</summary>
    /// <param name="calls">How many calls the prompt holds.</param>
    public static List<PromptPiece> Reply(ChatMessage reply, int calls)
    {
        var writer = new K2Writer(thinks: true) { Calls = calls };
        writer.Text(reply.Reasoning);
        writer.Mark(K2Marks.ThinkEndName);
        writer.Said(reply);
        return writer.Pieces;
    }

    public static string CallId(string name, int number) => $"functions.{name}:{number.ToString(CultureInfo.InvariantCulture)}";
}
