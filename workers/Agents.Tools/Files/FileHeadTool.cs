using System.Text.RegularExpressions;
using Agents.Contracts.Runs;

namespace Agents.Tools.Files;

/// <summary>Size and first heading of a file.</summary>
sealed partial class FileHeadTool(ToolSpec spec) : ITool
{
    const int HeadBytes = 4096;
    const int HeadingCharactersMax = 120;

    public ToolSpec Spec { get; } = spec;

    public Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel)
    {
        var path = RelativePath.Require(call.Arguments.Required("path"));
        var (handle, size) = BuiltInContext.Root(call.Settings).OpenRead(path);
        using (handle)
        {
            var heading = TextWindow.Read(handle, size, 0, HeadBytes) is { } window ? Heading(window.Text) : "(binary)";
            return Task.FromResult<ToolOutcome>(new ToolOutcome.Answer(Json.Object(w =>
            {
                w.WriteString("path", path);
                w.WriteNumber("size", size);
                w.WriteString("heading", heading);
            })));
        }
    }

    /// <summary>The first Markdown heading; where there is none, the first line with anything on it. One line, at most 120 characters.</summary>
    public static string Heading(string text)
    {
        string? first = null;
        foreach (var raw in text.AsSpan().EnumerateLines())
        {
            var line = raw.Trim().ToString();
            if (HeadingLine().Match(line) is { Success: true } heading)
            {
                return OneLine(heading.Groups[1].Value);
            }

            first ??= line.Length > 0 ? line : null;
        }

        return first is null ? "(empty)" : OneLine(first);
    }

    static string OneLine(string text)
    {
        var line = string.Join(' ', text.Split((char[])[' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries));
        line = new string([.. line.Where(c => !char.IsControl(c) && c is not ('\u2028' or '\u2029'))]);
        return line.Length <= HeadingCharactersMax
            ? line
            : line[..(char.IsHighSurrogate(line[HeadingCharactersMax - 1]) ? HeadingCharactersMax - 1 : HeadingCharactersMax)] + "…";
    }

    [GeneratedRegex(@"^#{1,6}\s+(.+?)\s*#*$")]
    private static partial Regex HeadingLine();
}
