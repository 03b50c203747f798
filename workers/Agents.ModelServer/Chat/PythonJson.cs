using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Agents.ModelServer.Chat;

/// <summary>JSON as Python's json.dumps writes it, which templates use: a space behind every comma and colon, no escapes but the needed.</summary>
static class PythonJson
{
    public static string Write(IEnumerable<JsonElement> list)
    {
        var text = new StringBuilder();
        List(text, list);
        return text.ToString();
    }

    public static string Write(JsonElement value)
    {
        var text = new StringBuilder();
        Value(text, value);
        return text.ToString();
    }

    static void Value(StringBuilder text, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                text.Append('{');
                var first = true;
                foreach (var member in value.EnumerateObject())
                {
                    text.Append(first ? "" : ", ");
                    String(text, member.Name);
                    text.Append(": ");
                    Value(text, member.Value);
                    first = false;
                }

                text.Append('}');
                break;
            case JsonValueKind.Array:
                List(text, value.EnumerateArray());
                break;
            case JsonValueKind.String:
                String(text, value.GetString()!);
                break;
            default:
                text.Append(value.GetRawText());
                break;
        }
    }

    static void List(StringBuilder text, IEnumerable<JsonElement> list)
    {
        text.Append('[');
        var first = true;
        foreach (var item in list)
        {
            text.Append(first ? "" : ", ");
            Value(text, item);
            first = false;
        }

        text.Append(']');
    }

    static void String(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }
}
