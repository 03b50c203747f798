using Agents.Client.Jobs;
using Agents.Client.Runs;
using Xunit;

namespace Agents.Tests.Client;

/// <summary>A schema that is none is refused with its place before anything is started.</summary>
public sealed class SchemaCheckTests
{
    [Theory]
    [InlineData("""{ "type": "objekt" }""", "outputSchema.type (line 1, column 42)", "did you mean 'object'?")]
    [InlineData("""{ "type": ["string", 3] }""", "outputSchema.type[1]", "one of null, boolean")]
    [InlineData("""{ "properties": [] }""", "outputSchema.properties", "an object of schemas")]
    [InlineData("""{ "properties": { "a": { "type": "strin" } } }""", "outputSchema.properties.a.type", "did you mean 'string'?")]
    [InlineData("""{ "required": "a" }""", "outputSchema.required", "a list of names")]
    [InlineData("""{ "pattern": "(((" }""", "outputSchema.pattern", "a regular expression")]
    [InlineData("""{ "$ref": "https://example.org/a.json" }""", "outputSchema.$ref", "in this schema")]
    [InlineData("""{ "$ref": "#/$defs/b", "$defs": { "a": {} } }""", "outputSchema.$ref", "there is no '#/$defs/b'")]
    [InlineData("""{ "anyOf": [] }""", "outputSchema.anyOf", "at least one schema")]
    [InlineData("""{ "minLength": -1 }""", "outputSchema.minLength", "at least 0")]
    [InlineData("""{ "items": 5 }""", "outputSchema.items", "an object")]
    public void What_is_no_schema_is_named_with_its_place(string schema, string where, string what)
    {
        var fault = Assert.Throws<RunFaultException>(() => JobDraft.Parse($$"""{ "goal": "g", "outputSchema": {{schema}} }"""));

        Assert.Equal("AG3003", fault.Code);
        Assert.StartsWith(where, fault.Where, StringComparison.Ordinal);
        Assert.Contains(what, fault.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "name": "t", "input_schema": { "type": "objekt" } }""", "tools[0].input_schema.type")]
    [InlineData("""{ "type": "function", "function": { "name": "t", "parameters": { "type": "objekt" } } }""", "tools[0].function.parameters.type")]
    public void A_tool_brings_its_schema_in_any_of_its_shapes(string tool, string where)
    {
        var fault = Assert.Throws<RunFaultException>(() => JobDraft.Parse($$"""{ "goal": "g", "tools": [{{tool}}] }"""));

        Assert.Equal("AG5003", fault.Code);
        Assert.StartsWith(where, fault.Where, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_a_schema_passes_with_keywords_nobody_knows()
    {
        var draft = JobDraft.Parse("""
            {
              "goal": "g",
              "outputSchema": {
                "$schema": "https://json-schema.org/draft/2020-12/schema", "type": ["object", "null"], "x-note": 5,
                "properties": {
                  "type": { "type": "string", "pattern": "^(?<=a)b$", "maxLength": 3 },
                  "list": { "type": "array", "items": { "$ref": "#/$defs/a~1b" } },
                  "any": true, "one": { "anyOf": [{ "const": 1 }, { "enum": ["x"] }] }
                },
                "required": ["type"], "additionalProperties": false,
                "$defs": { "a/b": { "type": "integer", "minimum": 0 } }
              }
            }
            """);

        Assert.NotNull(draft.OutputSchema);
    }
}
