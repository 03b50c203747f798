using System.Text.Json;
using Agents.Contracts.Runs;
using Agents.Tools.Effects;

namespace Agents.Tools.Worklist;

/// <summary>Puts items behind the run's worklist; an item already there (taken or not) is not added again.</summary>
sealed class WorklistAddTool(ToolSpec spec, ToolEnvironment environment, Worklists worklists) : ITool
{
    static readonly string[] s_members = ["kind", "path", "target", "from"];

    public ToolSpec Spec { get; } = spec;

    public async Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel)
    {
        var items = call.Arguments.GetProperty("items").EnumerateArray().Select(Canonical).ToArray();
        await environment.SightAsync(EffectPoint.BeforeEffect, call, cancel);
        var answer = await worklists.AddAsync(call.RunId, call.Key, items, cancel);
        await environment.SightAsync(EffectPoint.AfterEffect, call, CancellationToken.None);
        return new ToolOutcome.Answer(answer);
    }

    // One spelling per item, so that equal items are equal texts.
    static string Canonical(JsonElement item) => Json.Object(w =>
    {
        foreach (var name in s_members)
        {
            if (item.Text(name) is { } value)
            {
                w.WriteString(name, value);
            }
        }
    });
}
