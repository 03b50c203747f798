using System.Text;
using System.Text.Json;
using Agents.Contracts.Runs;

namespace Agents.Tools.Files;

/// <summary>Finds a plain piece of text in file names and in text files, in listing order, within bounds.</summary>
sealed class SearchFilesTool(ToolSpec spec, BuiltInContext context) : ITool
{
    const int DefaultMatches = 20;
    const int FileBytesMax = 1 << 20;
    const int AllBytesMax = 64 << 20;
    const int LineCharactersMax = 200;
    const int MatchesPerFileMax = 5;

    public ToolSpec Spec { get; } = spec;

    public async Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel)
    {
        var root = BuiltInContext.Root(call.Settings);
        var query = call.Arguments.Required("query");
        var below = RelativePath.Require(call.Arguments.Text("path") ?? "");
        var found = new Findings((int)(call.Arguments.Number("max") ?? DefaultMatches));
        var visible = await FolderListing.VisibleAsync(
            root, call.Settings, context.Hidden(root, call.Settings), cancel);
        var budget = (long)AllBytesMax;
        foreach (var path in visible)
        {
            cancel.ThrowIfCancellationRequested();
            if (below.Length > 0 && path != below && !path.StartsWith(below + "/", StringComparison.Ordinal))
            {
                continue;
            }

            if (found.Full || budget <= 0)
            {
                found.Truncated = true;
                break;
            }

            budget -= SearchOne(root, path, query, found);
        }

        return new ToolOutcome.Answer(found.Write());
    }

    static long SearchOne(ConfinedFolder root, string path, string query, Findings found)
    {
        if (path.Contains(query, StringComparison.Ordinal))
        {
            found.Add(path, null, null);
        }

        var text = ReadText(root, path);
        var line = 1;
        var inFile = 0;
        foreach (var content in text.AsSpan().EnumerateLines())
        {
            var at = content.IndexOf(query, StringComparison.Ordinal);
            if (at >= 0 && !found.Add(path, line, Shorten(content, at)))
            {
                break;
            }

            if (at >= 0 && ++inFile == MatchesPerFileMax)
            {
                break;
            }

            line++;
        }

        return text.Length;
    }

    static string ReadText(ConfinedFolder root, string path)
    {
        try
        {
            var (handle, size) = root.OpenRead(path);
            using (handle)
            {
                return size > FileBytesMax ? "" : TextWindow.Read(handle, size, 0, FileBytesMax)?.Text ?? "";
            }
        }
        catch (ToolRefusedException)
        {
            return ""; // vanished, barred or no regular file: nothing to find in it
        }
    }

    static string Shorten(ReadOnlySpan<char> line, int at)
    {
        var trimmed = line.Trim();
        if (trimmed.Length <= LineCharactersMax)
        {
            return trimmed.ToString();
        }

        var from = Math.Clamp(at - (LineCharactersMax / 4), 0, line.Length - LineCharactersMax);
        var cut = new StringBuilder(line.Slice(from, LineCharactersMax).ToString());
        if (char.IsLowSurrogate(cut[0]))
        {
            cut.Remove(0, 1);
        }

        if (char.IsHighSurrogate(cut[^1]))
        {
            cut.Length--;
        }

        return cut.ToString();
    }

    sealed class Findings(int max)
    {
        readonly List<(string Path, int? Line, string? Text)> _matches = [];

        public bool Full => _matches.Count >= max;

        public bool Truncated { get; set; }

        public bool Add(string path, int? line, string? text)
        {
            if (Full)
            {
                Truncated = true;
                return false;
            }

            _matches.Add((path, line, text));
            return true;
        }

        public string Write() => Json.Object(w =>
        {
            w.WriteStartArray("matches");
            foreach (var match in _matches)
            {
                WriteMatch(w, match);
            }

            w.WriteEndArray();
            w.WriteBoolean("truncated", Truncated);
        });

        static void WriteMatch(Utf8JsonWriter w, (string Path, int? Line, string? Text) match)
        {
            w.WriteStartObject();
            w.WriteString("path", match.Path);
            if (match.Line is { } line)
            {
                w.WriteNumber("line", line);
                w.WriteString("text", match.Text);
            }

            w.WriteEndObject();
        }
    }
}
