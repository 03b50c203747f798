using Agents.Loop.Calls;
using Agents.Loop.View;

using Xunit;

namespace Agents.Tests.Loop;

public sealed class ViewFoldTests
{
    static ModelCallInput Call(int? previous, int step, ViewItem[] items, params long[] hidden) =>
        new() { Previous = previous, Step = step, Appended = items, Hidden = hidden };

    [Fact]
    public void Input_survives_its_text_form()
    {
        var call = Call(
            7,
            3,
            [new ViewItem.Stored(12), new ViewItem.ToolNote(12, 1, "kein \"Werkzeug\" é\n"), new ViewItem.UserNote("weiter")],
            5,
            6);
        var text = call.ToJson();

        Assert.Equal(
            """{"v":1,"p":7,"n":3,"a":[12,{"role":"tool","m":12,"i":1,"text":"kein \"Werkzeug\" é\n"},{"role":"user","text":"weiter"}],"o":[{"hide":[5,6]}]}""",
            text);
        var read = ModelCallInput.Parse(text);
        Assert.Equal(call.Appended, read.Appended);
        Assert.Equal(call.Hidden, read.Hidden);
        Assert.Equal((7, 3), (read.Previous, read.Step));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    [InlineData("""{"v":2,"n":1,"a":[]}""")]
    [InlineData("""{"v":1,"n":1,"a":[{"role":"system","text":"x"}]}""")]
    public void An_input_this_worker_cannot_read_is_refused(string? text) =>
        Assert.Throws<FormatException>(() => ModelCallInput.Parse(text));

    [Fact]
    public void Tool_call_input_survives_its_text_form()
    {
        Assert.Equal("""{"v":1,"m":120,"i":3}""", new ToolCallInput(120, 3).ToJson());
        Assert.Equal(new ToolCallInput(120, 3), ToolCallInput.Parse("""{"v":1,"m":120,"i":3}"""));
        Assert.Throws<FormatException>(() => ToolCallInput.Parse("""{"v":1}"""));
    }

    [Fact]
    public void A_call_that_does_not_continue_the_last_one_is_refused()
    {
        var fold = new ViewFold();
        fold.Apply(1, Call(null, 1, [new ViewItem.Stored(1)]));
        Assert.Throws<InvalidOperationException>(() => fold.Apply(5, Call(3, 2, [])));
    }

    [Fact]
    public void Going_back_restores_items_and_what_was_hidden()
    {
        var fold = new ViewFold();
        fold.Apply(1, Call(null, 1, [new ViewItem.Stored(1)]));
        fold.Apply(2, Call(1, 2, [new ViewItem.Stored(4), new ViewItem.Stored(6)], 4));
        fold.Apply(3, Call(2, 3, [new ViewItem.Stored(8)], 4, 6));

        Assert.False(fold.ReturnTo(9));
        Assert.Equal(4, fold.Items.Count);
        Assert.True(fold.ReturnTo(2));
        Assert.Equal(3, fold.Items.Count);
        Assert.True(fold.IsHidden(4));
        Assert.False(fold.IsHidden(6));
        Assert.True(fold.ReturnTo(null));
        Assert.Empty(fold.Items);
        Assert.Equal(0, fold.HiddenCount);
    }
}
