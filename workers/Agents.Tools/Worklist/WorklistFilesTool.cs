using System.Text.Json;
using Agents.Contracts.Runs;
using Agents.Tools.Effects;
using Agents.Tools.Files;

namespace Agents.Tools.Worklist;

/// <summary>Puts files below the root on the run's worklist, so that no model has to carry a listing over by hand.</summary>
sealed class WorklistFilesTool(ToolSpec spec, BuiltInContext context, Worklists worklists) : ITool
{
    public ToolSpec Spec { get; } = spec;

    public async Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel)
    {
        var items = await ItemsAsync(context, call.Settings, call.Arguments, cancel);
        await context.Environment.SightAsync(EffectPoint.BeforeEffect, call, cancel);
        var answer = await worklists.AddAsync(call, items, new WorklistAddition("files"), cancel);
        await context.Environment.SightAsync(EffectPoint.AfterEffect, call, CancellationToken.None);
        return new ToolOutcome.Answer(answer);
    }

    /// <summary>The items that a call with these arguments is about.</summary>
    public static async Task<IReadOnlyList<string>> ItemsAsync(
        BuiltInContext context, ToolSettings settings, JsonElement arguments, CancellationToken cancel)
    {
        var root = BuiltInContext.Root(settings);
        var kind = arguments.Required("kind");
        var pattern = arguments.Text("pattern") is { Length: > 0 } text ? new Glob(text) : null;
        var visible = await FolderListing.VisibleAsync(root, settings, context.Hidden(root, settings), cancel);
        return [.. visible.Where(p => pattern?.Matches(p) ?? true).Select(p => WorklistState.Item(kind, path: p))];
    }
}
