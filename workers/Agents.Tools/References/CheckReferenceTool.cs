using Agents.Contracts.Runs;
using Agents.Tools.Files;
using Agents.Tools.Worklist;

namespace Agents.Tools.References;

/// <summary>Checks one reference of a document against the root. Never fetches anything.</summary>
sealed class CheckReferenceTool(ToolSpec spec, ReferenceChecks checks, Worklists worklists) : ITool
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
        var verdict = check.Check(call.Arguments.Required("kind"), target, from);
        return new ToolOutcome.Answer(Json.Object(w =>
        {
            w.WriteString("status", verdict.Status);
            w.WriteString("detail", verdict.Detail);
        }));
    }
}
