using System.Text.Json;
using Agents.Contracts.Runs;
using Agents.Tools.Effects;
using Agents.Tools.Files;
using Agents.Tools.References;

namespace Agents.Tools.Worklist;

/// <summary>Puts the references of a page on the run's worklist; a page that was an item of it is done with that.</summary>
sealed class WorklistReferencesTool(ToolSpec spec, BuiltInContext context, Worklists worklists) : ITool
{
    public ToolSpec Spec { get; } = spec;

    public async Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel)
    {
        var page = WorkSubject.File(call.Arguments.Required("page"));
        if (await worklists.RefusalAsync(call, page, cancel) is { } why)
        {
            return new ToolOutcome.Refusal(why);
        }

        var items = Items(call.Settings, call.Arguments);
        await context.Environment.SightAsync(EffectPoint.BeforeEffect, call, cancel);
        var answer = await worklists.AddAsync(call, items, new WorklistAddition("references", page), cancel);
        await context.Environment.SightAsync(EffectPoint.AfterEffect, call, CancellationToken.None);
        return new ToolOutcome.Answer(answer);
    }

    /// <summary>The items that a call with these arguments is about.</summary>
    public static IReadOnlyList<string> Items(ToolSettings settings, JsonElement arguments)
    {
        var page = RelativePath.Require(arguments.Required("page"));
        var root = BuiltInContext.Root(settings);
        root.OpenRead(page).Handle.Dispose(); // refuses in words what is no file
        var text = RootIndex.ReadText(root, page) ?? "";
        return [.. MarkdownReferences.Of(text).Select(r => WorklistState.Item(r.Kind, target: r.Target, from: page))];
    }
}
