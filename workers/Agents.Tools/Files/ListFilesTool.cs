using Agents.Contracts.Runs;

namespace Agents.Tools.Files;

/// <summary>Pages of file paths, sorted; a cursor is the last path of the page before, so pages never shift.</summary>
sealed class ListFilesTool(ToolSpec spec, BuiltInContext context) : ITool
{
    public const int PageSize = 200;

    public ToolSpec Spec { get; } = spec;

    public async Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel)
    {
        var root = BuiltInContext.Root(call.Settings);
        var below = RelativePath.Require(call.Arguments.Text("path") ?? "");
        if (below.Length > 0 && root.KindOf(below) != PlaceKind.Folder)
        {
            return new ToolOutcome.Refusal($"'{below}' is no folder below the root");
        }

        var pattern = call.Arguments.Text("pattern") is { Length: > 0 } text ? new Glob(text) : null;
        var visible = await FolderListing.VisibleAsync(
            root, call.Settings, context.Hidden(root, call.Settings), cancel);
        var matching = visible
            .Where(p => below.Length == 0 || p.StartsWith(below + "/", StringComparison.Ordinal))
            .Where(p => pattern?.Matches(p) ?? true)
            .ToArray();
        return new ToolOutcome.Answer(Page(matching, call.Arguments.Text("cursor")));
    }

    static string Page(string[] paths, string? cursor)
    {
        var from = cursor is null ? 0 : FirstAfter(paths, cursor);
        var page = paths.AsSpan(from, Math.Min(PageSize, paths.Length - from)).ToArray();
        return Json.Object(w =>
        {
            w.WriteStartArray("files");
            foreach (var path in page)
            {
                w.WriteStringValue(path);
            }

            w.WriteEndArray();
            if (from + page.Length < paths.Length)
            {
                w.WriteString("nextCursor", page[^1]);
            }

            w.WriteNumber("total", paths.Length);
        });
    }

    static int FirstAfter(string[] paths, string cursor)
    {
        var at = Array.BinarySearch(paths, cursor, StringComparer.Ordinal);
        return at < 0 ? ~at : at + 1;
    }
}
