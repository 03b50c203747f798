using System.Text.Json;
using Agents.ModelServer.Generation;

namespace Agents.Tests.ModelServer.Schemas;

/// <summary>Schemas by chance, of the keywords a grammar holds to.</summary>
static class RandomSchema
{
    static readonly string[] s_names = ["path", "a b", "ü", "quote\"d", "line", "back\\slash", "x", "max-items", "😀"];

    public static string Write(Chance chance, int depth) => chance.Below(depth > 0 ? 11 : 7) switch
    {
        0 => Text(chance),
        1 => Whole(chance),
        2 => """{"type":"number"}""",
        3 => """{"type":["boolean","null"]}""",
        4 => $$"""{"enum":[{{string.Join(',', Some(chance).Select(n => JsonSerializer.Serialize(n)))}},{{chance.Below(100)}},null]}""",
        5 => $$"""{"const":{{JsonSerializer.Serialize(s_names[chance.Below(s_names.Length)])}}}""",
        6 => Fraction(chance),
        7 => List(chance, depth),
        8 => $$"""{"anyOf":[{{Write(chance, depth - 1)}},{{Write(chance, depth - 1)}}]}""",
        _ => Members(chance, depth),
    };

    static IEnumerable<string> Some(Chance chance) => s_names.Where(_ => chance.Below(3) > 0).Append("always").ToList();

    static string Text(Chance chance) => chance.Below(3) switch
    {
        0 => """{"type":"string"}""",
        1 => $$"""{"type":"string","minLength":{{chance.Below(4)}},"maxLength":{{4 + chance.Below(20)}}}""",
        _ => """{"type":"string","pattern":"^[a-c]+(-[0-9]{2})?$"}""",
    };

    static string Whole(Chance chance)
    {
        var least = chance.Below(2_000) - 1_000;
        return chance.Below(2) == 0
            ? $$"""{"type":"integer","minimum":{{least}},"maximum":{{least + chance.Below(3_000)}}}"""
            : $$"""{"type":"integer","exclusiveMinimum":{{least}}}""";
    }

    static string Fraction(Chance chance)
    {
        var least = chance.Below(200) - 100;
        return $$"""{"type":"number","minimum":{{least}},"maximum":{{least + 1 + chance.Below(50)}}.5}""";
    }

    static string List(Chance chance, int depth)
    {
        var least = chance.Below(3);
        return $$"""{"type":"array","items":{{Write(chance, depth - 1)}},"minItems":{{least}},"maxItems":{{least + chance.Below(4)}}}""";
    }

    static string Members(Chance chance, int depth)
    {
        var names = Some(chance).Distinct().Take(1 + chance.Below(5)).ToList();
        var properties = string.Join(',', names.Select(n => $"{JsonSerializer.Serialize(n)}:{Write(chance, depth - 1)}"));
        var required = string.Join(',', names.Where(_ => chance.Below(2) == 0).Select(n => JsonSerializer.Serialize(n)));
        return $$"""{"type":"object","properties":{{{properties}}},"required":[{{required}}],"additionalProperties":false}""";
    }
}
