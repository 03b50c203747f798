using System.Text.Json;
using Agents.Contracts.Effects;
using Agents.Contracts.Runs;

namespace Agents.Inference.Requests;

/// <summary>
/// Reads a tool as people write it in job files. Three shapes are taken: OpenAI's {type, function: {name, ...}}, the
/// flat {name, description, parameters}, and {name, description, input_schema}. Our own fields (effect, source,
/// sourceName, parallel) may stand beside the name in each.
/// </summary>
public static class ToolSpecReader
{
    /// <summary>Reads one tool; throws <see cref="FormatException"/> saying what is wrong with it.</summary>
    public static ToolSpec Read(JsonElement tool)
    {
        if (tool.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException($"a tool must be a JSON object, not {tool.ValueKind}");
        }

        var body = tool.TryGetProperty("function", out var function) ? function : tool;
        if (body.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException($"a tool's \"function\" must be a JSON object, not {body.ValueKind}");
        }

        if (JsonText.Read(tool, "type") is { } type && type != "function")
        {
            throw new FormatException($"a tool of type \"{type}\" is not supported: use \"function\"");
        }

        if (JsonText.Read(body, "name") is not { } name)
        {
            throw new FormatException("a tool needs a \"name\"");
        }

        if (!ToolRenderer.IsName(name))
        {
            throw new FormatException($"tool name '{name}': use 1 to {ToolRenderer.NameMax} characters of A-Z a-z 0-9 _ -");
        }

        return new ToolSpec
        {
            Name = name,
            Description = JsonText.Read(body, "description") ?? "",
            Parameters = Schema(name, body),
            Effect = Effect(name, tool, body),
            Source = Own(tool, body, "source") ?? "builtin",
            SourceName = Own(tool, body, "sourceName"),
            Parallel = Flag(name, tool, body),
        };
    }

    static JsonElement Schema(string name, JsonElement body)
    {
        var hasParameters = body.TryGetProperty("parameters", out var parameters);
        var hasInput = body.TryGetProperty("input_schema", out var input);
        if (hasParameters && hasInput)
        {
            throw new FormatException($"tool '{name}' has both \"parameters\" and \"input_schema\": keep one");
        }

        var schema = hasParameters ? parameters : input;
        return schema.ValueKind switch
        {
            JsonValueKind.Object => schema.Clone(),
            JsonValueKind.Undefined or JsonValueKind.Null => s_noArguments,
            _ => throw new FormatException($"tool '{name}': its schema must be a JSON object, not {schema.ValueKind}"),
        };
    }

    static readonly JsonElement s_noArguments = Parse("""{"type":"object","properties":{}}""");

    static EffectClass Effect(string name, JsonElement tool, JsonElement body)
    {
        if (Own(tool, body, "effect") is not { } text)
        {
            return EffectClass.AtMostOnce;
        }

        return Enum.TryParse<EffectClass>(text, ignoreCase: true, out var effect) && Enum.IsDefined(effect)
            ? effect
            : throw new FormatException(
                $"tool '{name}': effect '{text}' is not known: use {string.Join(", ", Enum.GetNames<EffectClass>())}");
    }

    static bool Flag(string name, JsonElement tool, JsonElement body)
    {
        var found = tool.TryGetProperty("parallel", out var flag) || body.TryGetProperty("parallel", out flag);
        return found && flag.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw new FormatException($"tool '{name}': \"parallel\" must be true or false"),
        };
    }

    static string? Own(JsonElement tool, JsonElement body, string name) =>
        JsonText.Read(tool, name) ?? JsonText.Read(body, name);

    static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
