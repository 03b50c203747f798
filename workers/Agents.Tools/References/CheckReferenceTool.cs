using System.Collections.Concurrent;
using Agents.Contracts.Runs;
using Agents.Tools.Files;

namespace Agents.Tools.References;

/// <summary>Checks one reference of a document against the root. Never fetches anything.</summary>
sealed class CheckReferenceTool(ToolSpec spec, BuiltInContext context) : ITool
{
    readonly ConcurrentDictionary<string, Lazy<Task<ReferenceCheck>>> _checks = new(StringComparer.Ordinal);

    public ToolSpec Spec { get; } = spec;

    public async Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel)
    {
        var root = BuiltInContext.Root(call.Settings);
        var kind = call.Arguments.Required("kind");
        var target = call.Arguments.Required("target");
        var from = RelativePath.Require(call.Arguments.Text("from") ?? "");
        var check = await CheckFor(root, call.Settings).WaitAsync(cancel);
        var verdict = check.Check(kind, target, from);
        return new ToolOutcome.Answer(Json.Object(w =>
        {
            w.WriteString("status", verdict.Status);
            w.WriteString("detail", verdict.Detail);
            w.WriteStartArray("newPages");
            if (verdict.NewPage is { } page)
            {
                w.WriteStringValue(page);
            }

            w.WriteEndArray();
        }));
    }

    async Task<ReferenceCheck> CheckFor(ConfinedFolder root, ToolSettings settings)
    {
        var built = _checks.GetOrAdd($"{root.Real}\n{settings.Out}", _ => new(() => BuildAsync(root, settings)));
        try
        {
            return await built.Value;
        }
        catch
        {
            _checks.TryRemove($"{root.Real}\n{settings.Out}", out _); // a failed build is no index: the next call tries again
            throw;
        }
    }

    // Built for whoever asks next too, so it does not die with the call that happened to ask first.
    async Task<ReferenceCheck> BuildAsync(ConfinedFolder root, ToolSettings settings) =>
        new(await RootIndex.BuildAsync(root, context.Hidden(root, settings), CancellationToken.None));
}
