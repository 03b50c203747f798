using Agents.Contracts.Runs;
using Agents.Tools.Files;
using Agents.Tools.Worklist;

namespace Agents.Tools.References;

/// <summary>Looks below the root for what a broken reference may have meant.</summary>
sealed class SuggestReplacementTool(ToolSpec spec, ReferenceChecks checks, Worklists worklists) : ITool
{
    public ToolSpec Spec { get; } = spec;

    public async Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel)
    {
        var target = call.Arguments.Required("target");
        var from = RelativePath.Require(call.Arguments.Text("from") ?? "");
        if (await worklists.RefusalAsync(call, WorkSubject.Reference(target, call.Arguments.Text("from") ?? ""), cancel) is { } why)
        {
            return new ToolOutcome.Refusal(why);
        }

        var check = await checks.ForAsync(call.Settings, cancel);
        var suggestions = check.Suggest(call.Arguments.Required("kind"), target, from);
        return new ToolOutcome.Answer(Json.Object(w =>
        {
            w.WriteStartArray("suggestions");
            foreach (var suggestion in suggestions)
            {
                w.WriteStringValue(suggestion);
            }

            w.WriteEndArray();
        }));
    }
}
