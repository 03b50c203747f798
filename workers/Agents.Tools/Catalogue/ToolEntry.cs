using System.Text.Json;
using Agents.Contracts.Effects;

namespace Agents.Tools.Catalogue;

/// <summary>
/// A tool as a job file or a request names it: a plain name, our own form ({name, description, parameters, effect,
/// source}), the form {name, description, input_schema}, or the chat completions form {type: function, function: …}.
/// </summary>
sealed record ToolEntry
{
    const string AnyObject = """{"type":"object"}""";

    public required string Name { get; init; }

    public string? Description { get; init; }

    public JsonElement? Parameters { get; init; }

    public EffectClass? Effect { get; init; }

    public string? Source { get; init; }

    public string? SourceName { get; init; }

    public bool? Parallel { get; init; }

    /// <summary>Queue that calls of it wait in.</summary>
    public string? Queue { get; init; }

    /// <summary>The tool is this activity of a connected worker.</summary>
    public ActivityEntry? Activity { get; init; }

    public static JsonElement NoParameters => JsonElement.Parse(AnyObject);

    /// <summary>Throws a fault with <see cref="ToolErrors.BadToolEntry"/> that names the entry.</summary>
    public static ToolEntry Read(JsonElement entry, int index)
    {
        if (entry.ValueKind == JsonValueKind.String)
        {
            return new ToolEntry { Name = entry.GetString()! };
        }

        if (entry.ValueKind != JsonValueKind.Object)
        {
            throw Bad(index, "an entry is a tool's name or an object with a name");
        }

        var inner = entry.TryGetProperty("function", out var function) && function.ValueKind == JsonValueKind.Object
            ? function : entry;
        return new ToolEntry
        {
            Name = inner.Text("name") ?? throw Bad(index, "\"name\" is missing"),
            Description = inner.Text("description"),
            Parameters = Schema(inner, index),
            Effect = ReadEffect(inner, index),
            Source = inner.Text("source"),
            SourceName = inner.Text("sourceName"),
            Parallel = inner.TryGetProperty("parallel", out var parallel)
                ? parallel.ValueKind == JsonValueKind.True : null,
            Queue = inner.Text("queue"),
            Activity = inner.TryGetProperty("activity", out var activity) ? ActivityEntry.Read(activity, index) : null,
        };
    }

    static JsonElement? Schema(JsonElement entry, int index)
    {
        foreach (var name in (string[])["parameters", "input_schema", "inputSchema"])
        {
            if (entry.TryGetProperty(name, out var schema))
            {
                return schema.ValueKind == JsonValueKind.Object ? schema.Clone()
                    : throw Bad(index, $"\"{name}\" must be a JSON schema (an object)");
            }
        }

        return null;
    }

    static EffectClass? ReadEffect(JsonElement entry, int index)
    {
        if (!entry.TryGetProperty("effect", out var effect))
        {
            return null;
        }

        return effect.ValueKind == JsonValueKind.String
            && Enum.TryParse<EffectClass>(effect.GetString(), ignoreCase: true, out var parsed) && Enum.IsDefined(parsed)
            ? parsed
            : throw Bad(index, $"\"effect\" is {effect.GetRawText()}; it must be ReadOnly, Idempotent or AtMostOnce");
    }

    internal static ToolFaultException Bad(int index, string why) => new(ToolErrors.BadToolEntry, $"tools[{index}]: {why}");
}
