using System.Text.Json;
using Agents.ModelServer.Chat;
using static Agents.ModelServer.Http.RequestFields;

namespace Agents.ModelServer.Http;

/// <summary>A request for a chat completion, read and checked.</summary>
sealed record ChatRequest
{
    const int MessagesMax = 20_000;
    const int ToolsMax = 512;
    const int NameLengthMax = 128;

    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    /// <summary>Declared to the model.</summary>
    public required IReadOnlyList<ChatTool> Tools { get; init; }

    /// <summary>Of those, the ones it may call.</summary>
    public required IReadOnlyList<ChatTool> Callable { get; init; }

    public required bool MustCall { get; init; }

    public required bool Parallel { get; init; }

    /// <summary>What the answer must be; undefined for any text.</summary>
    public required JsonElement AnswerSchema { get; init; }

    public required bool Thinking { get; init; }

    public static ChatRequest Read(JsonElement request)
    {
        var tools = ReadTools(request);
        var (callable, must) = ReadChoice(request, tools);
        return new ChatRequest
        {
            Messages = ReadMessages(request),
            Tools = tools,
            Callable = callable,
            MustCall = must,
            Parallel = Flag(request, "parallel_tool_calls", otherwise: true),
            AnswerSchema = ReadSchema(request),
            Thinking = Member(request, "chat_template_kwargs") is not { ValueKind: JsonValueKind.Object } template
                || Flag(template, "thinking", otherwise: true),
        };
    }

    static List<ChatMessage> ReadMessages(JsonElement request)
    {
        if (Member(request, "messages") is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() is 0 or > MessagesMax)
        {
            throw Bad($"'messages' must be a list of 1 to {MessagesMax} messages");
        }

        return [.. list.EnumerateArray().Select(ReadMessage)];
    }

    static ChatMessage ReadMessage(JsonElement message, int index)
    {
        if (message.ValueKind != JsonValueKind.Object)
        {
            throw Bad($"messages[{index}] must be an object");
        }

        var role = Text(message, "role") switch
        {
            "system" or "developer" => "system",
            "user" => "user",
            "assistant" => "assistant",
            "tool" => "tool",
            var other => throw Bad($"messages[{index}].role '{other}' is none of system, developer, user, assistant and tool"),
        };
        return new ChatMessage
        {
            Role = role,
            Name = Text(message, "name"),
            Content = ReadContent(message, index),
            Reasoning = Text(message, "reasoning_content") ?? Text(message, "reasoning") ?? "",
            Calls = role == "assistant" ? ReadCalls(message, index) : [],
            CallId = Text(message, "tool_call_id"),
        };
    }

    static string ReadContent(JsonElement message, int index) => Member(message, "content") switch
    {
        null => "",
        { ValueKind: JsonValueKind.String } text => text.GetString()!,
        { ValueKind: JsonValueKind.Array } parts => string.Concat(parts.EnumerateArray().Select(p =>
            p.ValueKind == JsonValueKind.Object && Text(p, "type") is null or "text" && Text(p, "text") is { } text
                ? text
                : throw Bad($"messages[{index}].content holds a part that is no text; only text is served"))),
        _ => throw Bad($"messages[{index}].content must be a string or a list of parts"),
    };

    static List<ChatCall> ReadCalls(JsonElement message, int index)
    {
        if (Member(message, "tool_calls") is not { } calls)
        {
            return [];
        }

        var read = new List<ChatCall>();
        foreach (var call in calls.ValueKind == JsonValueKind.Array ? calls.EnumerateArray() : throw Bad($"messages[{index}].tool_calls must be a list"))
        {
            if (call.ValueKind != JsonValueKind.Object || Member(call, "function") is not { ValueKind: JsonValueKind.Object } function
                || Text(function, "name") is not { } name)
            {
                throw Bad($"messages[{index}].tool_calls holds a call without a function's name");
            }

            var arguments = Member(function, "arguments");
            read.Add(new ChatCall(
                Text(call, "id") ?? "", name,
                arguments is not { } a ? "" : a.ValueKind == JsonValueKind.String ? a.GetString()! : PythonJson.Write(a)));
        }

        return read;
    }

    static List<ChatTool> ReadTools(JsonElement request)
    {
        if (Member(request, "tools") is not { } tools)
        {
            return [];
        }

        if (tools.ValueKind != JsonValueKind.Array || tools.GetArrayLength() > ToolsMax)
        {
            throw Bad($"'tools' must be a list of up to {ToolsMax} tools");
        }

        var read = new List<ChatTool>();
        foreach (var tool in tools.EnumerateArray())
        {
            if (tool.ValueKind != JsonValueKind.Object || Text(tool, "type") is not (null or "function")
                || Member(tool, "function") is not { ValueKind: JsonValueKind.Object } function
                || Text(function, "name") is not { Length: > 0 and <= NameLengthMax } name || !name.All(IsNameCharacter))
            {
                throw Bad($"tools[{read.Count}] must be a function whose name is 1 to {NameLengthMax} letters, digits, '_', '-' or '.'");
            }

            if (read.Exists(t => t.Name == name))
            {
                throw Bad($"tools holds '{name}' twice");
            }

            read.Add(new ChatTool(name, Member(function, "parameters") ?? EmptyObject, tool));
        }

        return read;
    }

    static JsonElement EmptyObject { get; } = JsonDocument.Parse("""{"type":"object","properties":{}}""").RootElement;

    static bool IsNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.';

    static (IReadOnlyList<ChatTool> Callable, bool Must) ReadChoice(JsonElement request, List<ChatTool> tools)
    {
        switch (Member(request, "tool_choice"))
        {
            case null:
                return (tools, false);
            case { ValueKind: JsonValueKind.String } word:
                return word.GetString() switch
                {
                    "auto" => (tools, false),
                    "none" => ([], false),
                    "required" => tools.Count > 0 ? (tools, true) : throw Bad("'tool_choice' is required and there are no tools"),
                    var other => throw Bad($"'tool_choice' '{other}' is none of auto, none and required"),
                };
            case { ValueKind: JsonValueKind.Object } named when Member(named, "function") is { ValueKind: JsonValueKind.Object } function:
                var name = Text(function, "name");
                var tool = tools.Find(t => t.Name == name) ?? throw Bad($"'tool_choice' names '{name}', which is not among the tools");
                return ([tool], true);
            default:
                throw Bad("'tool_choice' must be a word or name a function");
        }
    }

    static JsonElement ReadSchema(JsonElement request)
    {
        if (Member(request, "response_format") is not { } format)
        {
            return default;
        }

        switch (format.ValueKind == JsonValueKind.Object ? Text(format, "type") : null)
        {
            case "text":
                return default;
            case "json_object":
                return AnyObject;
            case "json_schema" when Member(format, "json_schema") is { ValueKind: JsonValueKind.Object } wrapper
                && Member(wrapper, "schema") is { ValueKind: JsonValueKind.Object } schema:
                return schema;
            default:
                throw Bad("'response_format' must have the type text, json_object, or json_schema with a schema");
        }
    }

    static JsonElement AnyObject { get; } = JsonDocument.Parse("""{"type":"object"}""").RootElement;
}
