using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Agents.ModelServer.Scripted;

/// <summary>
/// Writes facts in the form a JSON schema asks for. A property is filled with the fact whose name its own name holds;
/// one that fits nothing gets the empty value of its type, for a script has nothing to invent.
/// </summary>
static class AnswerWriter
{
    const int DepthMax = 16;
    static readonly JsonWriterOptions s_writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Json(JsonElement schema, Facts facts)
    {
        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, s_writing))
        {
            Write(json, schema, "", facts, 0);
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    static void Write(Utf8JsonWriter json, JsonElement schema, string name, Facts facts, int depth)
    {
        switch (TypeOf(schema))
        {
            case "object" when depth < DepthMax:
                WriteObject(json, schema, facts, depth);
                break;
            case "integer" or "number":
                json.WriteNumberValue(Number(name, facts));
                break;
            case "boolean":
                json.WriteBooleanValue(facts.Complete && IsAboutCompletion(name));
                break;
            case "array":
                json.WriteStartArray();
                json.WriteEndArray();
                break;
            case "null":
                json.WriteNullValue();
                break;
            default:
                json.WriteStringValue(Text(schema, name, facts));
                break;
        }
    }

    static void WriteObject(Utf8JsonWriter json, JsonElement schema, Facts facts, int depth)
    {
        json.WriteStartObject();
        if (JsonRead.Member(schema, "properties") is { ValueKind: JsonValueKind.Object } properties)
        {
            foreach (var property in properties.EnumerateObject())
            {
                json.WritePropertyName(property.Name);
                Write(json, property.Value, property.Name, facts, depth + 1);
            }
        }

        json.WriteEndObject();
    }

    static string TypeOf(JsonElement schema)
    {
        if (JsonRead.Text(schema, "type") is { } type)
        {
            return type;
        }

        return JsonRead.Texts(schema, "type").FirstOrDefault(t => t != "null")
            ?? (JsonRead.Member(schema, "properties") is null ? "string" : "object");
    }

    static long Number(string name, Facts facts) => Named(name, facts) is long number ? number : 0;

    static string Text(JsonElement schema, string name, Facts facts)
    {
        var text = Named(name, facts) as string ?? facts.Summary;
        var allowed = JsonRead.Texts(schema, "enum");
        return allowed.Count == 0 || allowed.Contains(text) ? text : allowed[0];
    }

    static object? Named(string name, Facts facts)
    {
        var plain = Plain(name);
        return facts.Values.FirstOrDefault(f => plain == f.Name).Value
            ?? facts.Values.FirstOrDefault(f => f.Name.Length > 2 && plain.Contains(f.Name, StringComparison.Ordinal)).Value;
    }

    static bool IsAboutCompletion(string name) =>
        Plain(name) is var plain && (plain.StartsWith("complete", StringComparison.Ordinal) || plain is "done" or "finished");

    static string Plain(string name) => new([.. name.Where(char.IsLetterOrDigit).Select(char.ToLowerInvariant)]);
}
