using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Effects;
using Agents.Contracts.Runs;
using Xunit;

namespace Agents.Tests.Nouns;

public sealed class JsonDefaultsTests
{
    [Fact]
    public void What_JSON_leaves_out_has_the_default_of_its_property()
    {
        const string Text = """
            {"name":"n","goal":"g","model":{"name":"m","baseUrl":"u","model":"m"},
             "tools":[{"name":"t","parameters":{}}],"limits":{"steps":5},"context":{},
             "toolSettings":{"httpTools":{"h":{"url":"u"}},"mcpServers":{"s":{}}}}
            """;
        var run = JsonSerializer.Deserialize(Text, ContractsJson.Default.RunInput)!;

        Assert.Equal(EffectClass.AtMostOnce, run.Tools[0].Effect);
        Assert.Equal(new RunLimits { Steps = 5 }, run.Limits);
        Assert.Equal(new ContextPolicy() with { Exclude = run.Context.Exclude }, run.Context);
        Assert.Equal(("default", "builtin", ""), (run.Tenant, run.Tools[0].Source, run.Tools[0].Description));
        Assert.Equal((262_144, true, "chat"), (run.Model.ContextTokens, run.Model.SendReasoning, run.Model.Dialect));
        Assert.Equal(TimeSpan.FromSeconds(60), run.ToolSettings.HttpTools["h"].Timeout);
        Assert.Empty(run.ToolSettings.McpServers["s"].Args);
    }

    // The rule that keeps the test above true for properties to come.
    [Theory]
    [InlineData(typeof(RunInput))]
    [InlineData(typeof(ToolSpec))]
    [InlineData(typeof(RunLimits))]
    [InlineData(typeof(ContextPolicy))]
    [InlineData(typeof(ToolSettings))]
    [InlineData(typeof(McpServerSettings))]
    [InlineData(typeof(HttpToolSettings))]
    [InlineData(typeof(ModelProfile))]
    [InlineData(typeof(RunOutput))]
    [InlineData(typeof(Agents.Contracts.Transcript.ModelReply))]
    [InlineData(typeof(Agents.Contracts.Transcript.ToolReply))]
    public void A_property_with_a_default_of_its_own_has_a_plain_setter(Type type)
    {
        var made = System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(type);
        var initialised = Activator.CreateInstance(type)!;
        foreach (var property in type.GetProperties().Where(p => p.SetMethod is not null))
        {
            var isInit = property.SetMethod!.ReturnParameter.GetRequiredCustomModifiers()
                .Contains(typeof(System.Runtime.CompilerServices.IsExternalInit));
            Assert.True(
                !isInit || Equals(property.GetValue(made), property.GetValue(initialised)),
                $"{type.Name}.{property.Name} has a default and init: write set, or a generated reader loses the default");
        }
    }
}
