namespace Agents.ModelServer.Chat;

/// <summary>Writes the pieces of a K2 prompt, one message after the other.</summary>
sealed class K2Writer(bool thinks)
{
    readonly Dictionary<string, string> _ids = new(StringComparer.Ordinal);

    public List<PromptPiece> Pieces { get; } = [];

    public int Calls { get; set; }

    public void Mark(string name) => Pieces.Add(new PromptPiece(name, true));

    public void Text(string text)
    {
        if (text.Length > 0)
        {
            Pieces.Add(new PromptPiece(text, false));
        }
    }

    public void Begin(string mark, string role)
    {
        Mark(mark);
        Text(role);
        Mark(K2Marks.MiddleName);
    }

    public void Think(string reasoning, bool closed)
    {
        if (!thinks)
        {
            return;
        }

        Mark(K2Marks.ThinkName);
        Text(reasoning);
        if (closed)
        {
            Mark(K2Marks.ThinkEndName);
        }
    }

    public void Message(ChatMessage message, bool keepsReasoning)
    {
        var mark = message.Role switch { "user" => K2Marks.UserName, "assistant" => K2Marks.AssistantName, _ => K2Marks.SystemName };
        Begin(mark, string.IsNullOrEmpty(message.Name) ? message.Role : message.Name);
        if (message.Role == "assistant")
        {
            Think(keepsReasoning ? message.Reasoning : "", closed: true);
        }
        else if (message.Role == "tool")
        {
            var id = message.CallId ?? "";
            Text($"## Return of {_ids.GetValueOrDefault(id, id)}\n");
        }

        Said(message);
    }

    /// <summary>Content and calls of a message, and its end.</summary>
    public void Said(ChatMessage message)
    {
        Text(message.Content);
        if (message.Calls.Count > 0)
        {
            ToolCalls(message.Calls);
        }

        Mark(K2Marks.EndName);
    }

    void ToolCalls(IReadOnlyList<ChatCall> calls)
    {
        Mark(K2Marks.SectionBeginName);
        foreach (var call in calls)
        {
            var id = K2Template.CallId(call.Name, Calls++);
            _ids[call.Id] = id;
            Mark(K2Marks.CallBeginName);
            Text(id);
            Mark(K2Marks.ArgumentBeginName);
            Text(call.Arguments);
            Mark(K2Marks.CallEndName);
        }

        Mark(K2Marks.SectionEndName);
    }
}
