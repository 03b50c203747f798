using System.Text.Json;

namespace Agents.ModelServer.Scripted;

/// <summary>Reads JSON that others wrote: what is not there or of another kind is null, never an exception.</summary>
static class JsonRead
{
    public static JsonElement? Object(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static JsonElement? Member(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) ? value : null;

    public static string? Text(JsonElement parent, string name) =>
        Member(parent, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    public static long? Number(JsonElement parent, string name) =>
        Member(parent, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number) ? number : null;

    public static bool IsTrue(JsonElement parent, string name) =>
        Member(parent, name) is { ValueKind: JsonValueKind.True };

    /// <summary>The strings of an array; empty when it is none.</summary>
    public static IReadOnlyList<string> Texts(JsonElement parent, string name) =>
        Member(parent, name) is { ValueKind: JsonValueKind.Array } list
            ? [.. list.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString()!)]
            : [];
}
