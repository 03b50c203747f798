using System.Text.Json;
using System.Text.RegularExpressions;
using Agents.Client.Runs;

namespace Agents.Client.Jobs;

/// <summary>
/// Looks whether a JSON schema of a job is one, and says where it is not. Validators take much for granted: an unknown
/// type, for one, would let anything pass. Keywords that this does not know are left alone, as the standard asks.
/// </summary>
sealed class SchemaCheck
{
    static readonly string[] s_types = ["null", "boolean", "object", "array", "number", "integer", "string"];
    static readonly string[] s_schemas = ["additionalProperties", "additionalItems", "not", "if", "then", "else", "contains", "propertyNames"];
    static readonly string[] s_maps = ["properties", "patternProperties", "$defs", "definitions"];
    static readonly string[] s_lists = ["anyOf", "oneOf", "allOf", "prefixItems"];
    static readonly string[] s_counts = ["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"];
    static readonly string[] s_numbers = ["minimum", "maximum", "multipleOf"];

    readonly JobNode _root;
    readonly string _code;

    SchemaCheck(JobNode root, string code) => (_root, _code) = (root, code);

    /// <summary>Throws <see cref="RunFaultException"/> with <paramref name="code"/> and the place.</summary>
    public static JobNode Checked(JobNode schema, string code)
    {
        new SchemaCheck(schema, code).Look(schema);
        return schema;
    }

    /// <summary>The entries, once the schemas that some of them bring have been looked at.</summary>
    public static IReadOnlyList<JobNode> OfTools(IReadOnlyList<JobNode> entries)
    {
        foreach (var entry in entries)
        {
            var inner = entry["function"] ?? entry;
            if ((inner["parameters"] ?? inner["input_schema"] ?? inner["inputSchema"]) is { Kind: JsonValueKind.Object } schema)
            {
                Checked(schema, "AG5003");
            }
        }

        return entries;
    }

    void Look(JobNode node)
    {
        if (node.Kind is JsonValueKind.True or JsonValueKind.False)
        {
            return; // anything, and nothing
        }

        Require(node, node.Kind == JsonValueKind.Object, "a schema is an object { … }");
        foreach (var (name, value) in node.Fields)
        {
            LookAt(name, value);
        }
    }

    void LookAt(string keyword, JobNode value)
    {
        if (s_schemas.Contains(keyword) || (keyword == "items" && value.Kind != JsonValueKind.Array))
        {
            Look(value);
        }
        else if (s_maps.Contains(keyword))
        {
            Require(value, value.Kind == JsonValueKind.Object, $"\"{keyword}\" is an object of schemas");
            foreach (var (_, schema) in value.Fields)
            {
                Look(schema);
            }
        }
        else if (s_lists.Contains(keyword) || keyword == "items")
        {
            Require(value, value.Kind == JsonValueKind.Array && value.Items.Count > 0, $"\"{keyword}\" is a list of at least one schema");
            foreach (var schema in value.Items)
            {
                Look(schema);
            }
        }
        else
        {
            LookAtValue(keyword, value);
        }
    }

    void LookAtValue(string keyword, JobNode value)
    {
        switch (keyword)
        {
            case "type":
                LookAtTypes(value);
                break;
            case "required":
                Require(
                    value, value.Kind == JsonValueKind.Array && value.Items.All(i => i.Kind == JsonValueKind.String),
                    "\"required\" is a list of names, beside \"properties\"");
                break;
            case "enum":
                Require(value, value.Kind == JsonValueKind.Array && value.Items.Count > 0, "\"enum\" is a list of at least one value");
                break;
            case "pattern":
                Require(value, value.Kind == JsonValueKind.String && IsPattern(value.Json.GetString()!), "\"pattern\" is a regular expression");
                break;
            case "$ref":
                LookAtReference(value);
                break;
            case var _ when s_counts.Contains(keyword):
                Require(
                    value, value.Kind == JsonValueKind.Number && value.Json.TryGetInt64(out var n) && n >= 0,
                    $"\"{keyword}\" is a whole number of at least 0");
                break;
            case var _ when s_numbers.Contains(keyword):
                Require(value, value.Kind == JsonValueKind.Number, $"\"{keyword}\" is a number");
                break;
            default:
                break;
        }
    }

    void LookAtTypes(JobNode value)
    {
        IReadOnlyList<JobNode> types = value.Kind == JsonValueKind.Array ? value.Items : [value];
        foreach (var type in types)
        {
            var name = type.Kind == JsonValueKind.String ? type.Json.GetString()! : "";
            var near = name.Length > 0 ? Spelling.Nearest(name, s_types) : null;
            Require(
                type, s_types.Contains(name),
                near is null ? $"\"type\" is one of {string.Join(", ", s_types)}" : $"there is no type '{name}'; did you mean '{near}'?");
        }
    }

    void LookAtReference(JobNode value)
    {
        var target = value.Kind == JsonValueKind.String ? value.Json.GetString()! : "";
        Require(
            value, target.StartsWith('#'),
            "\"$ref\" may only refer to a place in this schema (#/…); put what it refers to below \"$defs\"");
        Require(value, Resolves(target), $"\"$ref\": there is no '{target}' in this schema");
    }

    bool Resolves(string reference)
    {
        if (!reference.StartsWith("#/", StringComparison.Ordinal))
        {
            return true; // the schema itself, or an anchor: the validator knows
        }

        var at = _root;
        foreach (var part in reference[2..].Split('/'))
        {
            var name = Uri.UnescapeDataString(part).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            at = at.Kind == JsonValueKind.Array && int.TryParse(name, out var index) && index >= 0 && index < at.Items.Count
                ? at.Items[index]
                : at[name];
            if (at is null)
            {
                return false;
            }
        }

        return true;
    }

    static bool IsPattern(string text)
    {
        try
        {
            _ = new Regex(text, RegexOptions.ECMAScript);
            return true;
        }
        catch (ArgumentException)
        {
            try
            {
                _ = new Regex(text); // lookbehind and the like: not in the older standard, and understood here
                return true;
            }
            catch (ArgumentException)
            {
                return false;
            }
        }
    }

    void Require(JobNode node, bool holds, string why)
    {
        if (!holds)
        {
            throw new RunFaultException(_code, $"not a JSON schema: {why}", node.Where, $"mend it there; docs/errors/{_code}.md");
        }
    }
}
