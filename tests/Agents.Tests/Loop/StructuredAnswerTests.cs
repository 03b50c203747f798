using Agents.Contracts.Runs;
using Agents.Loop.View;
using Xunit;
using static Agents.Tests.Loop.LoopScript;

namespace Agents.Tests.Loop;

public sealed class StructuredAnswerTests
{
    const string Schema = """
        {"type":"object","properties":{"total":{"type":"integer"},"names":{"type":"array","items":{"$ref":"#/$defs/name"}}},
         "required":["total"],"additionalProperties":false,"$defs":{"name":{"type":"string","minLength":2}}}
        """;

    static RunInput Asked => Input() with { OutputSchema = Json(Schema) };

    [Theory]
    [InlineData("""{"total":4}""")]
    [InlineData("  {\"total\":4}\n")]
    [InlineData("```json\n{\"total\":4}\n```")]
    public async Task An_answer_that_meets_the_schema_is_given_as_JSON(string content)
    {
        var output = await new FakeEngine(Of(Says(content)).Answer).RunAsync(Asked);

        Assert.Equal(StopReasons.Answer, output.StopReason);
        Assert.Equal(4, output.Structured!.Value.GetProperty("total").GetInt32());
        Assert.Equal(content, output.Answer);
    }

    [Theory]
    [InlineData("four", "not a JSON document")]
    [InlineData("""{"total":"4"}""", "#/total: IntegerExpected.")]
    [InlineData("""{"names":["ab"]}""", "#/total: PropertyRequired.")]
    [InlineData("""{"total":4,"extra":1}""", "#/extra: NoAdditionalPropertiesAllowed.")]
    [InlineData("""{"total":4,"names":["a"]}""", "StringTooShort")]
    public async Task A_mismatch_is_handed_back_and_may_be_mended(string content, string told)
    {
        var script = Of(Says(content), Says("""{"total":4}"""));
        var output = await new FakeEngine(script.Answer).RunAsync(Asked);

        Assert.Equal(StopReasons.Answer, output.StopReason);
        Assert.Equal(2, output.Steps);
        Assert.IsType<ViewItem.Stored>(script.Calls[1].Appended[0]);
        Assert.Contains(told, Assert.IsType<ViewItem.UserNote>(script.Calls[1].Appended[1]).Text);
    }
}
