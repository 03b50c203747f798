using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Agents.ModelServer.Schemas;

/// <summary>Reads keywords of JSON schemas, forgiving what is not well formed.</summary>
sealed class SchemaReader(JsonElement root)
{
    static readonly string[] s_notes = ["title", "description", "default", "examples", "$comment", "$schema", "$id", "$defs", "definitions"];

    public static JsonElement True { get; } = JsonDocument.Parse("true").RootElement;

    /// <summary>The schema a local pointer such as #/$defs/Name points at; null when there is none.</summary>
    public JsonElement? Resolve(string pointer)
    {
        if (pointer == "#")
        {
            return root;
        }

        if (!pointer.StartsWith("#/", StringComparison.Ordinal))
        {
            return null;
        }

        var at = root;
        foreach (var part in pointer[2..].Split('/'))
        {
            var name = Uri.UnescapeDataString(part).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (at.ValueKind == JsonValueKind.Object && at.TryGetProperty(name, out var member))
            {
                at = member;
            }
            else if (at.ValueKind == JsonValueKind.Array && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                && index < at.GetArrayLength())
            {
                at = at[index];
            }
            else
            {
                return null;
            }
        }

        return at;
    }

    /// <summary>The types it names; without any, those its other keywords speak of. None for any type.</summary>
    public static List<string> Types(JsonElement schema)
    {
        if (schema.TryGetProperty("type", out var type))
        {
            return type.ValueKind switch
            {
                JsonValueKind.String => [type.GetString()!],
                JsonValueKind.Array => [.. type.EnumerateArray().Where(t => t.ValueKind == JsonValueKind.String).Select(t => t.GetString()!)],
                _ => [],
            };
        }

        (string Type, string[] Keywords)[] implied =
        [
            ("object", ["properties", "required", "additionalProperties", "minProperties", "maxProperties"]),
            ("array", ["items", "prefixItems", "minItems", "maxItems", "uniqueItems"]),
            ("string", ["minLength", "maxLength", "pattern", "format"]),
            ("number", ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]),
        ];
        return [.. implied.Where(i => i.Keywords.Any(k => schema.TryGetProperty(k, out _))).Select(i => i.Type).Take(1)];
    }

    public static bool FitsType(JsonElement schema, JsonElement value)
    {
        var types = schema.TryGetProperty("type", out _) ? Types(schema) : [];
        return types.Count == 0 || types.Any(t => value.ValueKind switch
        {
            JsonValueKind.String => t == "string",
            JsonValueKind.Number => t == "number" || (t == "integer" && value.TryGetInt64(out _)),
            JsonValueKind.True or JsonValueKind.False => t == "boolean",
            JsonValueKind.Null => t == "null",
            JsonValueKind.Array => t == "array",
            _ => t == "object",
        });
    }

    public static HashSet<string> Required(JsonElement schema) =>
        schema.TryGetProperty("required", out var required) && required.ValueKind == JsonValueKind.Array
            ? [.. required.EnumerateArray().Where(r => r.ValueKind == JsonValueKind.String).Select(r => r.GetString()!)]
            : [];

    public static List<(string Name, JsonElement Schema)> Properties(JsonElement schema) =>
        schema.TryGetProperty("properties", out var properties) && properties.ValueKind == JsonValueKind.Object
            ? [.. properties.EnumerateObject().Select(p => (p.Name, p.Value))]
            : [];

    /// <summary>Schemas of items that are named one by one.</summary>
    public static List<JsonElement> Listed(JsonElement schema) =>
        schema.TryGetProperty("prefixItems", out var listed) && listed.ValueKind == JsonValueKind.Array ? [.. listed.EnumerateArray()]
        : schema.TryGetProperty("items", out var items) && items.ValueKind == JsonValueKind.Array ? [.. items.EnumerateArray()]
        : [];

    public static int? Count(JsonElement schema, string name) => schema.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= 0 ? (int)Math.Min(number, int.MaxValue) : null;

    /// <summary>Least and greatest value, open bounds moved by the smallest step that is said of them.</summary>
    public static (decimal? Least, decimal? Most) Bounds(JsonElement schema, bool whole)
    {
        var step = whole ? 1m : 0.000_000_001m;
        var (least, most) = (Number(schema, "minimum"), Number(schema, "maximum"));
        if (Number(schema, "exclusiveMinimum") is { } above)
        {
            var bound = whole ? Math.Floor(above) + step : above + step;
            least = least is { } l && l > bound ? l : bound;
        }
        else if (IsTrue(schema, "exclusiveMinimum") && least is { } l)
        {
            least = whole ? Math.Floor(l) + step : l + step; // as older drafts say it
        }

        if (Number(schema, "exclusiveMaximum") is { } below)
        {
            var bound = whole ? Math.Ceiling(below) - step : below - step;
            most = most is { } m && m < bound ? m : bound;
        }
        else if (IsTrue(schema, "exclusiveMaximum") && most is { } m)
        {
            most = whole ? Math.Ceiling(m) - step : m - step;
        }

        return (least, most);
    }

    static bool IsTrue(JsonElement schema, string name) => schema.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    // Beyond this bound a bound says nothing: the numbers that are written are smaller.
    static decimal? Number(JsonElement schema, string name) => schema.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number)
            ? Math.Abs(number) < 1e18 && value.TryGetDecimal(out var exact) ? exact : number < 0 ? -1e18m : 1e18m
            : null;

    /// <summary>Alternatives, each with what stands beside them.</summary>
    public List<JsonElement> Branches(JsonElement schema, string keyword, ISet<string> loose)
    {
        if (!schema.TryGetProperty(keyword, out var list) || list.ValueKind != JsonValueKind.Array)
        {
            return [];
        }

        var beside = schema.EnumerateObject().Any(p => p.Name != keyword && !s_notes.Contains(p.Name));
        return [.. list.EnumerateArray().Select(branch => beside ? Combine(Without(schema, keyword), [branch], loose) ?? branch : branch)];
    }

    /// <summary>A schema and everything of its allOf as one; null when it cannot be.</summary>
    public JsonElement? Merged(JsonElement schema, string keyword, ISet<string> loose) =>
        schema.TryGetProperty(keyword, out var list) && list.ValueKind == JsonValueKind.Array
            ? Combine(Without(schema, keyword), list.EnumerateArray(), loose)
            : null;

    static JsonObject Without(JsonElement schema, string keyword)
    {
        var copy = JsonObject.Create(schema)!.DeepClone().AsObject();
        copy.Remove(keyword);
        return copy;
    }

    JsonElement? Combine(JsonObject whole, IEnumerable<JsonElement> parts, ISet<string> loose)
    {
        foreach (var part in parts)
        {
            var resolved = part;
            for (var hops = 0; hops < 16 && resolved.ValueKind == JsonValueKind.Object && resolved.TryGetProperty("$ref", out var reference); hops++)
            {
                resolved = Resolve(reference.ToString()) ?? True;
            }

            if (resolved.ValueKind != JsonValueKind.Object || resolved.TryGetProperty("$ref", out _))
            {
                loose.Add("a combination with what is no schema");
                continue;
            }

            foreach (var member in resolved.EnumerateObject())
            {
                Add(whole, member, loose);
            }
        }

        return JsonSerializer.SerializeToElement(whole, SchemaJson.Default.JsonObject);
    }

    static void Add(JsonObject whole, JsonProperty member, ISet<string> loose)
    {
        var value = JsonNode.Parse(member.Value.GetRawText());
        if (!whole.TryGetPropertyValue(member.Name, out var present))
        {
            whole[member.Name] = value;
        }
        else if (member.Name == "properties" && present is JsonObject properties && value is JsonObject more)
        {
            foreach (var (name, schema) in more)
            {
                properties[name] = properties[name] is { } same && !JsonNode.DeepEquals(same, schema)
                    ? new JsonObject { ["allOf"] = new JsonArray(same.DeepClone(), schema?.DeepClone()) }
                    : schema?.DeepClone();
            }
        }
        else if (member.Name == "required" && present is JsonArray required && value is JsonArray also)
        {
            foreach (var name in also.Where(n => required.All(r => !JsonNode.DeepEquals(r, n))).ToList())
            {
                required.Add(name?.DeepClone());
            }
        }
        else if (member.Name == "allOf" && present is JsonArray all && value is JsonArray others)
        {
            others.ToList().ForEach(o => all.Add(o?.DeepClone()));
        }
        else if (!s_notes.Contains(member.Name) && !JsonNode.DeepEquals(present, value))
        {
            loose.Add($"{member.Name} said twice");
        }
    }

    /// <summary>True when no value can fit two of them, by their types alone.</summary>
    public static bool AreDisjoint(List<JsonElement> branches)
    {
        var seen = new HashSet<string>();
        return branches.All(b => b.ValueKind == JsonValueKind.Object && b.TryGetProperty("type", out _)
            && Types(b) is { Count: > 0 } types && types.All(t => seen.Add(t == "integer" ? "number" : t)));
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(JsonObject))]
sealed partial class SchemaJson : System.Text.Json.Serialization.JsonSerializerContext;
