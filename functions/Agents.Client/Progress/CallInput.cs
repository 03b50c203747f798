using System.Text.Json;

namespace Agents.Client.Progress;

/// <summary>Activities a run is made of, as they are named in history.</summary>
static class Activities
{
    public const string CallModel = "CallModel";
    public const string RunTool = "RunTool";
}

/// <summary>The few fields of an activity's input that readers need; the input belongs to the loop.</summary>
sealed record CallInput
{
    static readonly CallInput s_unknown = new();

    /// <summary>Model call: ordinal of the step.</summary>
    public int? Step { get; private init; }

    /// <summary>Tool call: sequence of the message that asked for it.</summary>
    public long? Message { get; private init; }

    /// <summary>Tool call: its index in that message.</summary>
    public int Call { get; private init; }

    /// <summary>Model call: what the loop itself answered to tool calls since the previous one.</summary>
    public IReadOnlyList<ToolNote> ToolNotes { get; private init; } = [];

    public static CallInput Read(string? json)
    {
        if (json is null)
        {
            return s_unknown;
        }

        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            return root.ValueKind != JsonValueKind.Object ? s_unknown : new CallInput
            {
                Step = Number(root, "n") is { } step ? (int)step : null,
                Message = Number(root, "m"),
                Call = (int)(Number(root, "i") ?? 0),
                ToolNotes = root.TryGetProperty("a", out var items) && items.ValueKind == JsonValueKind.Array
                    ? [.. items.EnumerateArray().Where(IsToolNote).Select(ReadNote)]
                    : [],
            };
        }
        catch (JsonException)
        {
            return s_unknown; // An activity of another kind.
        }
    }

    static bool IsToolNote(JsonElement item) => item.ValueKind == JsonValueKind.Object
        && item.TryGetProperty("role", out var role) && role.ValueEquals("tool");

    static ToolNote ReadNote(JsonElement item) => new(
        Number(item, "m") ?? -1,
        (int)(Number(item, "i") ?? 0),
        item.TryGetProperty("text", out var text) ? text.GetString() ?? "" : "");

    static long? Number(JsonElement item, string name) =>
        item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
        && value.TryGetInt64(out var number) ? number : null;

    public sealed record ToolNote(long Message, int Call, string Text);
}
