using System.Text;
using System.Text.Json;

namespace Agents.ModelServer.Scripted;

/// <summary>Finds the schema an answer must meet: in response_format, else written out in the system or user message.</summary>
static class SchemaFinder
{
    const int TextCharsMax = 64 << 10;
    const int TriesMax = 64;

    public static JsonElement? Find(JsonElement request, params string[] texts)
    {
        if (JsonRead.Member(request, "response_format") is { } format
            && JsonRead.Member(format, "json_schema") is { } named
            && JsonRead.Member(named, "schema") is { ValueKind: JsonValueKind.Object } schema)
        {
            return schema.Clone();
        }

        return texts.Select(InText).FirstOrDefault(s => s is not null);
    }

    static JsonElement? InText(string text)
    {
        if (!text.Contains("\"properties\"", StringComparison.Ordinal) || text.Length > TextCharsMax)
        {
            return null;
        }

        var at = -1;
        for (var tries = 0; tries < TriesMax && (at = text.IndexOf('{', at + 1)) >= 0; tries++)
        {
            if (ObjectAt(text, at) is { } found && JsonRead.Member(found, "properties") is { ValueKind: JsonValueKind.Object })
            {
                return found;
            }
        }

        return null;
    }

    static JsonElement? ObjectAt(string text, int at)
    {
        try
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text[at..]));
            using var document = JsonDocument.ParseValue(ref reader);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
