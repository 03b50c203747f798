using System.Text.RegularExpressions;

namespace Agents.Tools.References;

/// <summary>A reference as it stands on a page.</summary>
sealed record FoundReference(string Kind, string Target);

/// <summary>
/// Finds what a Markdown page refers to: links, images and definitions; HTML links; and in code spans error codes, file
/// paths and names of the source code. Fenced code is an example, not a reference, and is passed over.
/// </summary>
static partial class MarkdownReferences
{
    const int TargetCharsMax = 500;

    static readonly HashSet<string> s_extensions = new(StringComparer.Ordinal)
    {
        "md", "cs", "csproj", "sln", "json", "jsonl", "props", "targets", "sql", "proto", "txt", "yml", "yaml", "toml", "sh",
        "js", "ts", "html", "css", "py", "png", "svg", "gguf", "xml", "editorconfig", "gitignore",
    };

    /// <summary>References of a page, each once, in the order of the text.</summary>
    public static IReadOnlyList<FoundReference> Of(string text)
    {
        var found = new List<FoundReference>();
        var seen = new HashSet<(string, string)>();
        void Add(string? kind, string target)
        {
            target = target.Trim();
            if (kind is not null && target.Length is > 0 and <= TargetCharsMax && seen.Add((kind, target)))
            {
                found.Add(new FoundReference(kind, target));
            }
        }

        foreach (var line in LinesOutsideFences(text))
        {
            // Code first, then blanked out: a link inside a code span is text.
            foreach (Match span in CodeSpan().Matches(line))
            {
                Add(KindOfCode(span.Groups[2].Value.Trim()), CodeTarget(span.Groups[2].Value.Trim()));
            }

            var plain = CodeSpan().Replace(line, m => new string(' ', m.Length));
            foreach (Match link in Links().Matches(plain))
            {
                var target = link.Groups.Values.Skip(1).First(g => g.Success).Value;
                Add(KindOfLink(target), target);
            }

            foreach (Match code in ErrorCode().Matches(plain))
            {
                Add("error", code.Value);
            }
        }

        return found;
    }

    /// <summary>What to search for when a reference is broken: the part of it that a moved thing keeps.</summary>
    public static string SearchWord(string kind, string target)
    {
        var hash = target.IndexOf('#', StringComparison.Ordinal);
        return kind switch
        {
            "anchor" => target.TrimStart('#').Replace('-', ' '),
            "link" when hash == 0 => target[1..].Replace('-', ' '),
            "symbol" => Identifiers().Matches(target) is { Count: > 0 } parts ? parts[^1].Value : target,
            "error" => target,
            _ => Name(hash < 0 ? target : target[..hash]) is { Length: > 0 } name ? name : target,
        };
    }

    static IEnumerable<string> LinesOutsideFences(string text)
    {
        var mark = "";
        foreach (var raw in text.Split('\n'))
        {
            var line = raw.TrimEnd('\r');
            if (Fence().Match(line) is { Success: true } fence && (mark.Length == 0 || Closes(fence.Groups[1].Value, mark)))
            {
                mark = mark.Length == 0 ? fence.Groups[1].Value : "";
            }
            else if (mark.Length == 0)
            {
                yield return line;
            }
        }
    }

    static bool Closes(string fence, string mark) => fence[0] == mark[0] && fence.Length >= mark.Length;

    static string? KindOfLink(string target) =>
        target.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase) || target.StartsWith("data:", StringComparison.OrdinalIgnoreCase)
            ? null
            : target.StartsWith('#') ? "anchor" : "link";

    static string? KindOfCode(string code)
    {
        if (ErrorCode().Match(code) is { Success: true } error && error.Length == code.Length)
        {
            return "error";
        }

        if (IsPath(code))
        {
            return "path";
        }

        return Symbol().IsMatch(code) || Humps().IsMatch(code) ? "symbol" : null;
    }

    static string CodeTarget(string code) => code.StartsWith("./", StringComparison.Ordinal) ? code[2..] : code;

    // A path of the tree, not of a server, a pattern or a placeholder.
    static bool IsPath(string code)
    {
        if (!PathText().IsMatch(code) || code.StartsWith('/') || Placeholder().IsMatch(code))
        {
            return false;
        }

        var name = LastName(code);
        var dot = name.LastIndexOf('.');
        return dot >= 0 && s_extensions.Contains(name[(dot + 1)..])
            ? dot > 0 || name.Length > 1
            : code.Length > 2 && (code.EndsWith('/') || code.StartsWith("./", StringComparison.Ordinal));
    }

    static string Name(string path) => LastName(path) + (path.EndsWith('/') ? "/" : "");

    static string LastName(string path) => path.TrimEnd('/') is var p ? p[(p.LastIndexOf('/') + 1)..] : path;

    [GeneratedRegex(@"^ {0,3}(`{3,}|~{3,})")]
    private static partial Regex Fence();

    [GeneratedRegex(@"(`+)(.+?)(?<!`)\1(?!`)")]
    private static partial Regex CodeSpan();

    [GeneratedRegex(@"\]\(\s*<([^<>\n]+)>|\]\(\s*([^\s()<>]+(?:\([^\s()]*\)[^\s()<>]*)*)|^ {0,3}\[[^\]\n]+\]:\s+<?([^\s<>]+)|<(https?://[^\s<>]+)>|\b(?:href|src)\s*=\s*[""']([^""'\s<>]+)[""']")]
    private static partial Regex Links();

    [GeneratedRegex(@"\bAG[0-9]{4}\b")]
    private static partial Regex ErrorCode();

    [GeneratedRegex(@"^[A-Za-z0-9_.@-][A-Za-z0-9_./@+-]*$")]
    private static partial Regex PathText();

    [GeneratedRegex(@"nnnn|NNNN|YYYY|\.\.\.|//")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"^I?[A-Z][A-Za-z0-9]*(?:<[^<>]*>)?(?:\.[A-Z][A-Za-z0-9]*(?:<[^<>]*>)?)+(?:\([^()]*\))?$")]
    private static partial Regex Symbol();

    [GeneratedRegex(@"^I?[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)+(?:<[^<>]*>)?(?:\([^()]*\))?$")]
    private static partial Regex Humps();

    [GeneratedRegex(@"[A-Za-z_][A-Za-z0-9_]*")]
    private static partial Regex Identifiers();
}
