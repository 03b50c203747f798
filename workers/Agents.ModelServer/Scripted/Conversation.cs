using System.Text.Json;

namespace Agents.ModelServer.Scripted;

/// <summary>A tool call of the conversation together with what it was answered; null while there is no answer.</summary>
sealed record AnsweredCall(string Name, string RawArguments, string? Result)
{
    // Only the last few calls are ever asked: parsing those of a whole conversation would be most of the work.

    /// <summary>The arguments as an object; undefined when they are none.</summary>
    public JsonElement ArgumentsRead => JsonRead.Object(RawArguments) ?? default;

    /// <summary>A string argument, "" when it is missing.</summary>
    public string Argument(string name) => JsonRead.Text(ArgumentsRead, name) ?? "";

    /// <summary>The result as a JSON object; null when it is no object: an error, or a result hidden by the view.</summary>
    public JsonElement? Object => Result is null ? null : JsonRead.Object(Result);
}

/// <summary>
/// What the policy may know: the messages and tools of one request. It keeps nothing between requests, so the same
/// conversation always leads to the same move.
/// </summary>
sealed class Conversation
{
    readonly List<IReadOnlyList<AnsweredCall>> _steps = [];
    readonly List<string> _laterUserTexts = [];

    Conversation()
    {
    }

    public string System { get; private set; } = "";

    /// <summary>The first user message: the job.</summary>
    public string Goal { get; private set; } = "";

    /// <summary>User messages after the first: steering, and notes of the loop.</summary>
    public IReadOnlyList<string> LaterUserTexts => _laterUserTexts;

    public IReadOnlySet<string> Tools { get; private set; } = new HashSet<string>();

    /// <summary>Schema the answer must meet; null for free text.</summary>
    public JsonElement? AnswerSchema { get; private set; }

    /// <summary>Tool calls so far; the next call's number.</summary>
    public int CallCount { get; private set; }

    /// <summary>The calls of the last step that asked for any, answered; empty before the first.</summary>
    public IReadOnlyList<AnsweredCall> LastStep => _steps.Count == 0 ? [] : _steps[^1];

    /// <summary>The last call of that tool in the last step.</summary>
    public AnsweredCall? Last(string tool) => LastStep.LastOrDefault(c => c.Name == tool);

    /// <summary>The newest readable result of that tool in the whole conversation.</summary>
    public JsonElement? Newest(string tool)
    {
        for (var i = _steps.Count - 1; i >= 0; i--)
        {
            for (var j = _steps[i].Count - 1; j >= 0; j--)
            {
                if (_steps[i][j].Name == tool && _steps[i][j].Object is { } result)
                {
                    return result;
                }
            }
        }

        return null;
    }

    /// <summary>The newest call of that tool before the last step.</summary>
    public AnsweredCall? Before(string tool) =>
        _steps.SkipLast(1).Reverse().SelectMany(s => s.Reverse()).FirstOrDefault(c => c.Name == tool);

    public static Conversation Read(JsonElement request)
    {
        var conversation = new Conversation
        {
            Tools = ToolNames(request),
        };
        if (request.TryGetProperty("messages", out var messages) && messages.ValueKind == JsonValueKind.Array)
        {
            conversation.ReadMessages(messages);
        }

        conversation.AnswerSchema = SchemaFinder.Find(request, conversation.System, conversation.Goal);
        return conversation;
    }

    void ReadMessages(JsonElement messages)
    {
        var open = new List<(string Id, string Name, string Arguments)>();
        var results = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var message in messages.EnumerateArray())
        {
            switch (JsonRead.Text(message, "role"))
            {
                case "system" or "developer":
                    System += Text(message);
                    break;
                case "user" when Goal.Length == 0:
                    Goal = Text(message);
                    break;
                case "user":
                    _laterUserTexts.Add(Text(message));
                    break;
                case "assistant" when Calls(message) is { Count: > 0 } calls:
                    Close(open, results);
                    open.AddRange(calls);
                    CallCount += calls.Count;
                    break;
                case "tool":
                    results[JsonRead.Text(message, "tool_call_id") ?? ""] = Text(message);
                    break;
            }
        }

        Close(open, results);
    }

    void Close(List<(string Id, string Name, string Arguments)> open, Dictionary<string, string> results)
    {
        if (open.Count > 0)
        {
            _steps.Add([.. open.Select(c => new AnsweredCall(c.Name, c.Arguments, results.GetValueOrDefault(c.Id)))]);
        }

        open.Clear();
        results.Clear();
    }

    static List<(string Id, string Name, string Arguments)> Calls(JsonElement message)
    {
        var calls = new List<(string, string, string)>();
        if (!message.TryGetProperty("tool_calls", out var list) || list.ValueKind != JsonValueKind.Array)
        {
            return calls;
        }

        foreach (var call in list.EnumerateArray())
        {
            if (call.ValueKind == JsonValueKind.Object && call.TryGetProperty("function", out var function))
            {
                calls.Add((
                    JsonRead.Text(call, "id") ?? "",
                    JsonRead.Text(function, "name") ?? "",
                    JsonRead.Text(function, "arguments") ?? ""));
            }
        }

        return calls;
    }

    static string Text(JsonElement message)
    {
        if (!message.TryGetProperty("content", out var content))
        {
            return "";
        }

        return content.ValueKind == JsonValueKind.Array
            ? string.Concat(content.EnumerateArray().Select(p => JsonRead.Text(p, "text")))
            : content.ValueKind == JsonValueKind.String ? content.GetString()! : "";
    }

    static HashSet<string> ToolNames(JsonElement request)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (request.TryGetProperty("tools", out var tools) && tools.ValueKind == JsonValueKind.Array)
        {
            foreach (var tool in tools.EnumerateArray())
            {
                if (tool.ValueKind == JsonValueKind.Object && tool.TryGetProperty("function", out var function)
                    && JsonRead.Text(function, "name") is { } name)
                {
                    names.Add(name);
                }
            }
        }

        return names;
    }
}
