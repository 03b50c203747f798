using System.Text;
using System.Text.Json;

namespace Agents.ModelServer.Schemas;

/// <summary>
/// GBNF for the JSON values a JSON schema accepts. It never allows what is no JSON; of what the schema accepts it may leave
/// out forms (properties come in the schema's order, none is added that the schema does not name). What it cannot hold to is
/// left free and named in <see cref="Loose"/>: there the schema may still refuse what was said.
/// </summary>
public sealed class SchemaGrammar
{
    const int ValueDepth = 6;
    const int RulesMax = 4_000;
    const int DepthMax = 64;

    static readonly string[] s_ignored =
    [
        "not", "if", "then", "else", "patternProperties", "propertyNames", "dependentRequired", "dependentSchemas", "dependencies",
        "contains", "unevaluatedProperties", "unevaluatedItems",
    ];

    readonly Dictionary<string, string> _rules = new(StringComparer.Ordinal);
    readonly Dictionary<string, string> _references = new(StringComparer.Ordinal);
    readonly SortedSet<string> _loose = new(StringComparer.Ordinal);
    readonly SchemaReader _reader;

    SchemaGrammar(JsonElement schema) => _reader = new SchemaReader(schema);

    /// <summary>The grammar; its first rule is "root".</summary>
    public string Text { get; private set; } = "";

    /// <summary>Keywords that the grammar does not hold to.</summary>
    public IReadOnlyCollection<string> Loose => _loose;

    /// <summary>Any JSON object.</summary>
    public static SchemaGrammar AnyObject { get; } = Of(JsonDocument.Parse("""{"type":"object"}""").RootElement);

    public static SchemaGrammar Of(JsonElement schema)
    {
        var grammar = new SchemaGrammar(schema);
        foreach (var (name, body) in StringGrammar.Rules)
        {
            grammar._rules[name] = body;
        }

        grammar.AddValues();
        var root = grammar.Visit(schema, 0);
        var text = new StringBuilder($"root ::= {root}\n");
        foreach (var (name, body) in grammar._rules)
        {
            text.Append($"{name} ::= {body}\n");
        }

        grammar.Text = text.ToString();
        return grammar;
    }

    /// <summary>Any value, to a depth that every reader takes.</summary>
    void AddValues()
    {
        const string Plain = "string | number | \"true\" | \"false\" | \"null\"";
        _rules["number"] = NumberGrammar.Number(null, null)!;
        _rules["value0"] = Plain;
        for (var depth = 1; depth <= ValueDepth; depth++)
        {
            var below = $"value{depth - 1}";
            _rules[$"object{depth}"] = Braced($"string \":\" ws {below}", "{", "}");
            _rules[$"array{depth}"] = Braced(below, "[", "]");
            _rules[$"value{depth}"] = $"object{depth} | array{depth} | {Plain}";
        }
    }

    static string Braced(string item, string open, string close) =>
        $"\"{open}\" ws ({item} (\",\" ws {item})* ws)? \"{close}\"";

    string Any => $"value{ValueDepth}";

    string Visit(JsonElement schema, int depth)
    {
        if (schema.ValueKind != JsonValueKind.Object || depth > DepthMax || _rules.Count > RulesMax)
        {
            if (schema.ValueKind != JsonValueKind.True)
            {
                _loose.Add(schema.ValueKind == JsonValueKind.Object ? "a schema this deep" : "a schema that is no object");
            }

            return Any;
        }

        if (schema.TryGetProperty("$ref", out var reference))
        {
            return Reference(reference, depth);
        }

        foreach (var keyword in s_ignored.Where(k => schema.TryGetProperty(k, out _)))
        {
            _loose.Add(keyword);
        }

        if (schema.TryGetProperty("const", out var only))
        {
            return GrammarText.Literal(only);
        }

        if (schema.TryGetProperty("enum", out var listed) && listed.ValueKind == JsonValueKind.Array)
        {
            var fitting = listed.EnumerateArray().Where(v => SchemaReader.FitsType(schema, v)).Select(GrammarText.Literal).Distinct().ToList();
            return fitting.Count > 0 ? GrammarText.OneOf(fitting) : Free("enum without a value of its type");
        }

        if (schema.TryGetProperty("allOf", out _))
        {
            return _reader.Merged(schema, "allOf", _loose) is { } merged ? Visit(merged, depth + 1) : Free("allOf");
        }

        return schema.TryGetProperty("anyOf", out _) ? Alternatives(schema, "anyOf", depth)
            : schema.TryGetProperty("oneOf", out _) ? Alternatives(schema, "oneOf", depth)
            : Typed(schema, depth);
    }

    string Free(string loose)
    {
        _loose.Add(loose);
        return Any;
    }

    string Reference(JsonElement reference, int depth)
    {
        var pointer = reference.ValueKind == JsonValueKind.String ? reference.GetString()! : "";
        if (_references.TryGetValue(pointer, out var known))
        {
            return known;
        }

        if (_reader.Resolve(pointer) is not { } target)
        {
            return Free($"$ref {pointer}");
        }

        var name = $"ref{_references.Count}";
        _references[pointer] = name; // before its body, which may refer to itself
        _rules[name] = Visit(target, depth + 1);
        if (_rules[name] == name)
        {
            _rules[name] = Free("$ref to itself");
        }

        return name;
    }

    string Alternatives(JsonElement schema, string keyword, int depth)
    {
        var branches = _reader.Branches(schema, keyword, _loose);
        if (branches.Count == 0)
        {
            return Free(keyword);
        }

        if (keyword == "oneOf" && !SchemaReader.AreDisjoint(branches))
        {
            _loose.Add("oneOf of alternatives that may both hold");
        }

        return Rule(GrammarText.OneOf([.. branches.Select(b => Visit(b, depth + 1)).Distinct()]));
    }

    string Typed(JsonElement schema, int depth)
    {
        var types = SchemaReader.Types(schema);
        return types.Count == 0 ? Any : GrammarText.OneOf([.. types.Select(t => OfType(t, schema, depth)).Distinct()]);
    }

    string OfType(string type, JsonElement schema, int depth)
    {
        switch (type)
        {
            case "object":
                return ObjectGrammar(schema, depth);
            case "array":
                return ArrayGrammar(schema, depth);
            case "string":
                return Rule(StringGrammar.Of(schema, l => _loose.Add(l)));
            case "integer" or "number":
                if (schema.TryGetProperty("multipleOf", out _))
                {
                    _loose.Add("multipleOf");
                }

                var (least, most) = SchemaReader.Bounds(schema, type == "integer");
                return (type == "integer" ? NumberGrammar.Integer(least, most) : NumberGrammar.Number(least, most)) is { } number
                    ? Rule(number) : Free($"{type} between bounds that leave nothing");
            case "boolean":
                return "(\"true\" | \"false\")";
            case "null":
                return "\"null\"";
            default:
                return Free($"type {type}");
        }
    }

    string ObjectGrammar(JsonElement schema, int depth)
    {
        var required = SchemaReader.Required(schema);
        var properties = SchemaReader.Properties(schema);
        var extra = schema.TryGetProperty("additionalProperties", out var additional) ? additional : default;
        foreach (var name in required.Where(r => properties.TrueForAll(p => p.Name != r)).ToList())
        {
            if (extra.ValueKind == JsonValueKind.False)
            {
                _loose.Add("required property that may not be there");
            }

            properties.Add((name, extra.ValueKind == JsonValueKind.Object ? extra : SchemaReader.True));
        }

        if (SchemaReader.Count(schema, "minProperties") > required.Count || SchemaReader.Count(schema, "maxProperties") < properties.Count)
        {
            _loose.Add("minProperties, maxProperties");
        }

        if (properties.Count > 0)
        {
            return Members(properties, required, depth);
        }

        if (extra.ValueKind == JsonValueKind.False)
        {
            return "\"{\" ws \"}\"";
        }

        var value = extra.ValueKind == JsonValueKind.Object ? Visit(extra, depth + 1) : $"value{ValueDepth - 1}";
        return Rule(Braced($"string \":\" ws {value}", "{", "}"));
    }

    /// <summary>
    /// Properties in their order; those that are not required may be left out. One pair of rules a property: what may still
    /// come when nothing stands before it, and when something does, which then needs a comma.
    /// </summary>
    string Members(List<(string Name, JsonElement Schema)> properties, HashSet<string> required, int depth)
    {
        var pairs = properties.Select(p => $"{GrammarText.JsonString(p.Name)} \":\" ws {Visit(p.Schema, depth + 1)}").ToList();
        var (first, rest) = ("", ""); // behind the last property nothing comes
        for (var i = properties.Count - 1; i >= 0; i--)
        {
            var (pair, must) = (Rule(pairs[i]), required.Contains(properties[i].Name));
            var begun = Then(pair, rest);
            (first, rest) = must
                ? (begun, Rule($"\",\" ws {begun}"))
                : (first.Length == 0 ? $"({begun})?" : $"({begun} | {first})", Rule(Then($"(\",\" ws {pair})?", rest)));
            first = Rule(first);
        }

        return Rule($"\"{{\" ws {first} ws \"}}\"");
    }

    static string Then(string one, string next) => next.Length == 0 ? one : $"{one} {next}";

    string ArrayGrammar(JsonElement schema, int depth)
    {
        var (least, most) = (SchemaReader.Count(schema, "minItems") ?? 0, SchemaReader.Count(schema, "maxItems"));
        if (schema.TryGetProperty("uniqueItems", out var unique) && unique.ValueKind == JsonValueKind.True && most is not (0 or 1))
        {
            _loose.Add("uniqueItems");
        }

        var listed = SchemaReader.Listed(schema);
        if (listed.Count > 0)
        {
            if (least > listed.Count || most < listed.Count)
            {
                _loose.Add("lengths of a list whose items are named one by one");
            }

            return Rule($"\"[\" ws {string.Join(" \",\" ws ", listed.Select(i => Visit(i, depth + 1)))} ws \"]\"");
        }

        var item = schema.TryGetProperty("items", out var items) ? Visit(items, depth + 1) : $"value{ValueDepth - 1}";
        const int CountMax = 500;
        if (least > CountMax || most > CountMax || most < least)
        {
            _loose.Add("minItems, maxItems");
            (least, most) = (Math.Min(least, CountMax), null);
        }

        return most == 0 ? "\"[\" ws \"]\"" : Rule(Items(item, least, most));
    }

    static string Items(string item, int least, int? most)
    {
        var more = most is { } bound ? $"{{{Math.Max(0, least - 1)},{bound - 1}}}" : $"{{{Math.Max(0, least - 1)},}}";
        var items = $"{item} (\",\" ws {item}){more} ws";
        return least == 0 ? $"\"[\" ws ({items})? \"]\"" : $"\"[\" ws {items} \"]\"";
    }

    /// <summary>Names a body, so that repetitions and alternatives around it stay short.</summary>
    string Rule(string body)
    {
        if (body.Length == 0 || _rules.ContainsKey(body))
        {
            return body;
        }

        var name = $"r{_rules.Count}";
        _rules[name] = body;
        return name;
    }
}
