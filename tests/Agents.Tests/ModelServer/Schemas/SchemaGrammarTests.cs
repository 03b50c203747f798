using System.Text;
using System.Text.Json;
using Agents.ModelServer.Generation;
using Agents.ModelServer.Native;
using Agents.ModelServer.Schemas;
using Agents.Tests.ModelServer.Native;
using NJsonSchema;
using Xunit;

namespace Agents.Tests.ModelServer.Schemas;

/// <summary>
/// What a grammar lets a model say is judged by another reader of the schema. The model has random weights: it says
/// anything that it may.
/// </summary>
public sealed class SchemaGrammarTests
{
    const int TokensMax = 3_000;
    static readonly NativeVocabulary s_vocabulary = SmallModel.Model.Vocabulary;

    static JsonElement Json(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    /// <summary>Something the schema's grammar allows, drawn by chance; null when it did not end in time.</summary>
    static string? Say(SchemaGrammar grammar, Chance chance)
    {
        var (sampler, options) = (new Sampler(s_vocabulary), new SamplingOptions { Seed = chance.Next() });
        using var rules = new NativeGrammar(s_vocabulary, grammar.Text);
        var choice = new Choice.Ruled(rules, s_vocabulary.Special("<|tool_call_end|>")!.Value);
        var (said, utf8, logits) = (new List<byte>(), default(Utf8State), new float[s_vocabulary.Count]);
        for (var i = 0; i < TokensMax; i++)
        {
            for (var t = 0; t < logits.Length; t++)
            {
                logits[t] = (float)chance.NextNormal() * 2;
            }

            // What closes is likelier, as it is for a model that has something to say.
            foreach (var closing in "\"}],")
            {
                logits[closing] += 4;
            }

            var token = sampler.Choose(logits, choice, options, new Dictionary<int, int>(), chance, utf8).Token;
            if (token == choice.Exit)
            {
                return Encoding.UTF8.GetString([.. said]);
            }

            rules.Accept(token);
            Assert.True(utf8.Take(s_vocabulary.Bytes(token)));
            said.AddRange(s_vocabulary.Bytes(token));
        }

        return null;
    }

    /// <summary>Says something of the schema <paramref name="times"/> times, and has each judged.</summary>
    static async Task<int> JudgeAsync(string schema, ulong seed, int times, bool mayBeLoose = false)
    {
        var grammar = SchemaGrammar.Of(Json(schema));
        Assert.True(mayBeLoose || grammar.Loose.Count == 0, $"{schema} is not held to: {string.Join(", ", grammar.Loose)}");
        var judge = await JsonSchema.FromJsonAsync(schema, TestContext.Current.CancellationToken);
        var (chance, ended) = (new Chance(seed), 0);
        for (var i = 0; i < times; i++)
        {
            if (Say(grammar, chance) is not { } said)
            {
                continue;
            }

            ended++;
            using var parsed = JsonDocument.Parse(said);
            ReadAll(parsed.RootElement);
            if (grammar.Loose.Count == 0)
            {
                var wrong = judge.Validate(said);
                Assert.True(wrong.Count == 0, $"seed {seed}: {schema}\nallowed {said}\n{string.Join("; ", wrong.Take(3))}");
            }
        }

        return ended;
    }

    /// <summary>Every string is Unicode: half a pair would throw.</summary>
    static void ReadAll(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                Assert.NotNull(value.GetString());
                break;
            case JsonValueKind.Object:
                Assert.All(value.EnumerateObject(), p => { Assert.NotNull(p.Name); ReadAll(p.Value); });
                break;
            case JsonValueKind.Array:
                Assert.All(value.EnumerateArray(), ReadAll);
                break;
        }
    }

    public static TheoryData<string> Held =>
    [
        """{"type":"object","properties":{"path":{"type":"string"},"line":{"type":"integer"}},"required":["path"],"additionalProperties":false}""",
        """{"type":"object","properties":{"a":{"type":"boolean"},"b":{"type":"null"},"c":{"type":"number"}},"required":["b"]}""",
        """{"type":"object","properties":{"a":{},"c":{"type":"object"},"d":{"type":"array"}}}""",
        """{"type":"object","additionalProperties":{"type":"integer","minimum":-3,"maximum":12}}""",
        """{"type":"object","additionalProperties":false}""",
        """{"type":"array","items":{"type":"string","minLength":2,"maxLength":5},"minItems":1,"maxItems":4}""",
        """{"type":"string","enum":["plain","with \"quotes\"","back\\slash","new\nline","ü😀",""]}""",
        """{"enum":[1,2.5,null,true,{"a":[1]},"x"]}""",
        """{"const":{"k":"v \u0001"}}""",
        """{"type":"integer","minimum":17,"maximum":4321}""",
        """{"type":"integer","exclusiveMinimum":-20,"exclusiveMaximum":3}""",
        """{"type":"integer","minimum":1000}""",
        """{"type":"number","minimum":-2.5,"maximum":7.25}""",
        """{"type":"number","minimum":0.25,"maximum":0.75}""",
        """{"type":"number","exclusiveMinimum":0}""",
        """{"type":["string","null"],"minLength":1}""",
        """{"anyOf":[{"type":"integer"},{"type":"object","properties":{"x":{"type":"string"}},"required":["x"]}]}""",
        """{"oneOf":[{"type":"integer"},{"type":"string"},{"type":"array","items":{"type":"null"}}]}""",
        """{"type":"object","properties":{"a":{"type":"string"}},"allOf":[{"properties":{"b":{"type":"integer"}},"required":["b"]}]}""",
        """{"type":"object","properties":{"first":{"$ref":"#/definitions/node"}},"definitions":{"node":{"type":"object","properties":{"name":{"type":"string"},"next":{"$ref":"#/definitions/node"}},"required":["name"]}}}""",
        """{"type":"string","pattern":"^[a-z][a-z0-9_-]{2,8}$"}""",
        """{"type":"string","pattern":"^\\d{3}-(?:ab|cd)+\\.(txt|md)$"}""",
        """{"type":"string","pattern":"[a-z][0-9]+"}""",
        """{"type":"string","pattern":"^[^/\"\\\\]+/\\w*$"}""",
        """{"type":"string","format":"date"}""",
        """{"type":"string","format":"date-time"}""",
        """{"type":"string","format":"uuid"}""",
        """{"type":"array","items":[{"type":"integer"},{"type":"string"}]}""",
    ];

    [Theory]
    [MemberData(nameof(Held))]
    public async Task What_random_weights_say_under_it_is_valid(string schema) =>
        Assert.True(await JudgeAsync(schema, seed: 3, times: 25) > 10, "too few ended");

    [Theory]
    [InlineData("""{"type":"array","uniqueItems":true}""")]
    [InlineData("""{"not":{"type":"string"}}""")]
    [InlineData("""{"type":"string","pattern":"(?<=a)b"}""")]
    [InlineData("""{"type":"string","pattern":"^a|b$"}""")]
    [InlineData("""{"type":"string","format":"hostname"}""")]
    [InlineData("""{"$ref":"https://example.com/schema.json"}""")]
    [InlineData("""{"$ref":"#"}""")]
    [InlineData("""{"type":"number","multipleOf":0.5}""")]
    [InlineData("""{"type":"object","required":["a"],"additionalProperties":false}""")]
    [InlineData("""{"type":"string","maxLength":100000}""")]
    [InlineData("""{"oneOf":[{"type":"integer"},{"type":"number"}]}""")]
    [InlineData("""{"type":"object","patternProperties":{"^a":{"type":"string"}}}""")]
    [InlineData("""{"type":"integer","minimum":5,"maximum":4}""")]
    [InlineData("""{"type":"unknown"}""")]
    [InlineData("false")]
    [InlineData("7")]
    public async Task What_it_cannot_hold_to_is_named_and_left_free_within_JSON(string schema)
    {
        Assert.NotEmpty(SchemaGrammar.Of(Json(schema)).Loose);
        var (chance, grammar) = (new Chance(5), SchemaGrammar.Of(Json(schema)));
        var said = Enumerable.Range(0, 12).Select(_ => Say(grammar, chance)).Where(s => s is not null).ToList();
        Assert.NotEmpty(said);
        Assert.All(said, s => JsonDocument.Parse(s!).Dispose());
        await Task.CompletedTask;
    }

    [Fact]
    public async Task Schemas_by_chance_are_held_to()
    {
        var (chance, ended) = (new Chance(20), 0);
        for (var i = 0; i < 150; i++)
        {
            ended += await JudgeAsync(RandomSchema.Write(chance, 3), (ulong)i, times: 3);
        }

        Assert.True(ended > 300, $"only {ended} texts ended");
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 9)]
    [InlineData(7, 7)]
    [InlineData(5, 123)]
    [InlineData(99, 101)]
    [InlineData(120, 1_999)]
    [InlineData(-45, -7)]
    [InlineData(-12, 30)]
    [InlineData(-1_000, 1_000)]
    public void Bounds_of_integers_are_exact(int least, int most)
    {
        var grammar = SchemaGrammar.Of(Json($$"""{"type":"integer","minimum":{{least}},"maximum":{{most}}}""")).Text;
        for (var number = least - 25; number <= most + 25; number += number > least + 200 && number < most - 200 ? 13 : 1)
        {
            Assert.Equal(number >= least && number <= most, Takes(grammar, $"{number}"));
        }

        Assert.False(Takes(grammar, "-0") || Takes(grammar, "007") || Takes(grammar, "1e1"));
    }

    [Theory]
    [InlineData("{\"a\": 1, \"b\": \"x\"}", true)]
    [InlineData("{\"a\":1}", true)]
    [InlineData("{\n  \"a\": 1,\n  \"b\": \"ü😀\\n\"\n}", true)]
    [InlineData("{\"b\": \"x\", \"a\": 1}", false)]
    [InlineData("{\"a\": 1, \"b\": \"\\ud800\"}", false)]
    [InlineData("{\"a\": 1, \"c\": 2}", false)]
    [InlineData("{\"a\": 1,}", false)]
    [InlineData("{\"b\": \"x\"}", false)]
    public void It_takes_JSON_as_models_write_it(string text, bool taken)
    {
        var grammar = SchemaGrammar.Of(Json("""{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}},"required":["a"]}""")).Text;
        Assert.Equal(taken, Takes(grammar, text));
    }

    static bool Takes(string grammar, string text)
    {
        using var rules = new NativeGrammar(s_vocabulary, grammar);
        foreach (var token in s_vocabulary.Tokenize(text))
        {
            if (!rules.Allows(token))
            {
                return false;
            }

            rules.Accept(token);
        }

        return rules.MayEnd;
    }
}
