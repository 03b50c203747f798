using System.Text;
using System.Text.RegularExpressions;
using Agents.ModelServer.Generation;

namespace Agents.ModelServer.Training.Lessons;

/// <summary>A reference as it is written into a page, and what must be found about it.</summary>
sealed record WrittenReference(string Kind, string Target, string Markdown, string Status, string? Suggestion = null);

/// <summary>
/// Fills the pages of a random tree with references whose truth it knows, because it made both ends: what is there, what is
/// a slip of the pen, what has moved.
/// </summary>
sealed partial class PageWriter(
    NameMaker names, Chance chance, SortedDictionary<string, string> files, HashSet<string> folders,
    Dictionary<string, List<string>> headings, List<string> pages)
{
    const int TriesMax = 40;
    static readonly string[] s_sources = [".cs", ".ts", ".py", ".js", ".json", ".yml", ".sql", ".sh", ".csproj", ".toml", ".props", ".proto"];

    readonly ReferenceTruth _truth = new(files, folders, headings, [.. files.Where(f => s_sources.Contains(Path.GetExtension(f.Key)))
        .SelectMany(f => Identifier().Matches(f.Value).Select(m => (m.Value, f.Key)))]);

    public IReadOnlyList<ExpectedFinding> WriteAll(int references)
    {
        var found = new List<ExpectedFinding>();
        var open = pages.ToDictionary(p => p, _ => new List<WrittenReference>(), StringComparer.Ordinal);
        for (var i = 0; i < references; i++)
        {
            var page = names.Pick(pages);
            if (One(page, open[page]) is { } reference)
            {
                open[page].Add(reference);
            }
        }

        foreach (var (page, written) in open)
        {
            files[page] = Text(headings[page], written);
            found.AddRange(written.Select(r => new ExpectedFinding(page, r.Target, r.Status, r.Suggestion)));
        }

        return found;
    }

    /// <summary>GitHub's name of a heading.</summary>
    public static string Slug(string heading) => string.Concat(heading.EnumerateRunes().Select(r =>
        Rune.IsLetterOrDigit(r) || r.Value is '-' or '_' ? Rune.ToLowerInvariant(r).ToString() : r.Value == ' ' ? "-" : ""));

    WrittenReference? One(string page, List<WrittenReference> written)
    {
        for (var i = 0; i < TriesMax; i++)
        {
            var made = names.Between(0, 19) switch
            {
                < 5 => Linked(page),
                5 or 6 => Headed(page),
                7 => Own(page),
                8 or 9 => Mistyped(page),
                10 => Moved(page),
                11 => External(),
                12 or 13 => Coded(),
                14 => Foldered(),
                15 or 16 => Symbol(),
                17 => Error(),
                18 => WrongHeading(page),
                _ => names.Is(0.5) ? Unclear(page) : WrongCode(page),
            };
            if (made is not null && !written.Exists(w => w.Kind == made.Kind && w.Target == made.Target) && Serves(made))
            {
                return made;
            }
        }

        return null;
    }

    static bool Serves(WrittenReference r) => r.Target.Length is > 0 and <= 160 && r.Target == r.Target.Trim()
        && (r.Kind is "error" || !r.Target.Contains("AG", StringComparison.Ordinal)) && (r.Kind is "symbol" || !Odd().IsMatch(r.Target));

    WrittenReference Linked(string page)
    {
        var target = Relative(page, names.Pick(files.Keys.ToList()));
        return Link(target, "ok");
    }

    WrittenReference? Headed(string page)
    {
        var other = names.Pick(pages);
        return headings[other].Count == 0 || other == page ? null
            : Link($"{Relative(page, other)}#{Slug(names.Pick(headings[other]))}", "ok");
    }

    WrittenReference? Own(string page)
    {
        if (headings[page].Count == 0)
        {
            return null;
        }

        var slug = Slug(names.Pick(headings[page]));
        if (names.Is(0.7))
        {
            return new("anchor", "#" + slug, $"[{names.Word()}](#{slug})", "ok");
        }

        slug = Slug(names.Is(0.5) ? names.Near(slug) : names.Heading());
        return slug.Length == 0 || _truth.HasHeading(page, slug) ? null
            : new("anchor", "#" + slug, $"[{names.Word()}](#{slug})", "broken", _truth.PageWith(slug, page));
    }

    WrittenReference? WrongHeading(string page)
    {
        var other = names.Pick(pages);
        var slug = Slug(headings[other].Count > 0 && names.Is(0.6) ? names.Near(Slug(names.Pick(headings[other])))
            : headings[names.Pick(pages)] is { Count: > 0 } some ? names.Pick(some) : names.Heading());
        return other == page || slug.Length == 0 || _truth.HasHeading(other, slug) ? null
            : Link($"{Relative(page, other)}#{slug}", "broken", _truth.PageWith(slug, page));
    }

    WrittenReference? Mistyped(string page) => Broken(page, Mistype(names.Pick(files.Keys.ToList())));

    WrittenReference? Moved(string page)
    {
        var name = LastName(names.Pick(files.Keys.ToList()));
        var folder = names.Is(0.5) && folders.Count > 0 ? names.Pick(folders.Order(StringComparer.Ordinal).ToList()) : names.Stem();
        return Broken(page, $"{folder}/{name}");
    }

    WrittenReference? Broken(string page, string path) => _truth.Exists(path) ? null
        : Link(Relative(page, path), "broken", _truth.Named(LastName(path), page));

    WrittenReference External()
    {
        var target = $"http{names.Pick("s", "s", "")}://{names.Host()}/{(names.Is(0.2) ? "" : names.Stem(ascii: true).Replace(' ', '-'))}"
            + names.Pick("", "", "/", $"/{names.Word(ascii: true)}.html", $"?{names.Word(ascii: true)}={names.Number()}", $"#{names.Word(ascii: true)}");
        return names.Is(0.3) ? new("link", target, $"<{target}>", "external") : new("link", target, $"[{names.Word()}]({target})", "external");
    }

    WrittenReference? Coded()
    {
        var path = names.Pick(files.Keys.ToList());
        if (names.Is(0.6))
        {
            return IsCode(path) ? new("path", path, $"`{(names.Is(0.1) ? "./" : "")}{path}`", "ok") : null;
        }

        return null;
    }

    WrittenReference? WrongCode(string page)
    {
        var path = Mistype(names.Pick(files.Keys.ToList()));
        return !IsCode(path) || _truth.Exists(path) || _truth.Exists(Beside(page, path)) ? null
            : new("path", path, $"`{path}`", "broken", _truth.Named(LastName(path), page));
    }

    WrittenReference? Foldered()
    {
        if (folders.Count == 0)
        {
            return null;
        }

        var folder = names.Pick(folders.Order(StringComparer.Ordinal).ToList());
        if (names.Is(0.75))
        {
            return IsCode(folder) && folder.Length > 1 ? new("path", folder + "/", $"`{folder}/`", "ok") : null;
        }

        var wrong = names.Is(0.5) ? $"{names.Stem(ascii: true)}/{LastName(folder)}" : names.Near(folder);
        return !IsCode(wrong) || wrong.Length < 2 || folders.Any(f => f == wrong || f.EndsWith($"/{wrong}", StringComparison.Ordinal)) ? null
            : new("path", wrong + "/", $"`{wrong}/`", "broken", _truth.FolderNamed(LastName(wrong)));
    }

    WrittenReference? Symbol()
    {
        var known = _truth.Symbols;
        var one = known.Count > 0 && names.Is(0.75) ? names.Pick(known) : names.Symbol();
        var two = known.Count > 0 && names.Is(0.75) ? names.Pick(known) : names.Symbol();
        var isOne = names.Is(0.5);
        var suffix = names.Pick("", "", "", "()", "(x)", "<T>");
        var target = (isOne ? one : $"{one}.{two}") + suffix;
        var last = suffix is "(x)" or "<T>" ? suffix[1..2] : isOne ? one : two;
        var isKnown = _truth.SourceOf(one) is not null && (isOne || _truth.SourceOf(two) is not null);
        return new("symbol", target, $"`{target}`", isKnown ? "ok" : "broken", isKnown ? null : _truth.SourceOf(last));
    }

    WrittenReference Error()
    {
        var there = pages.Where(p => p.StartsWith("docs/errors/AG", StringComparison.Ordinal)).Select(p => p["docs/errors/".Length..^3]).ToList();
        var code = there.Count > 0 && names.Is(0.6) ? names.Pick(there) : $"AG{names.Between(1000, 9999)}";
        return new("error", code, names.Is(0.5) ? $"`{code}`" : code, there.Contains(code) ? "ok" : "broken");
    }

    WrittenReference? Unclear(string page)
    {
        var path = names.Pick(files.Keys.ToList());
        return path.EndsWith(".md", StringComparison.Ordinal) ? null
            : names.Is(0.3) ? Link($"{Relative(page, path)}#L{names.Between(1, 99)}", "ok")
            : Link($"{Relative(page, path)}#{names.Word(ascii: true)}x", "unknown");
    }

    WrittenReference Link(string target, string status, string? suggestion = null)
    {
        var text = names.Is(0.8) ? names.Word() : $"{names.Word()} {names.Word()}";
        var spaced = target.Contains(' ', StringComparison.Ordinal);
        target = spaced && names.Is(0.5) ? target.Replace(" ", "%20", StringComparison.Ordinal) : target;
        var written = target.Contains(' ', StringComparison.Ordinal) ? $"<{target}>" : target;
        return new("link", target, $"{(names.Is(0.05) ? "!" : "")}[{text}]({written})", status, suggestion);
    }

    string Mistype(string path)
    {
        var name = LastName(path);
        var dot = name.LastIndexOf('.');
        var (stem, ending) = dot > 0 ? (name[..dot], name[dot..]) : (name, "");
        return names.Is(0.8) || !path.Contains('/', StringComparison.Ordinal)
            ? path[..^name.Length] + names.Near(stem) + ending
            : names.Near(path[..path.IndexOf('/', StringComparison.Ordinal)]) + path[path.IndexOf('/', StringComparison.Ordinal)..];
    }

    string Relative(string page, string path)
    {
        if (names.Is(0.06))
        {
            return "/" + path;
        }

        var from = page.Split('/')[..^1];
        var to = path.Split('/');
        var same = 0;
        while (same < from.Length && same < to.Length - 1 && from[same] == to[same])
        {
            same++;
        }

        var relative = string.Join('/', [.. Enumerable.Repeat("..", from.Length - same), .. to[same..]]);
        return relative[0] != '.' && names.Is(0.06) ? "./" + relative : relative;
    }

    static string Beside(string page, string path) => page.LastIndexOf('/') is var at and > 0 ? $"{page[..at]}/{path}" : path;

    static string LastName(string path) => path[(path.LastIndexOf('/') + 1)..];

    static bool IsCode(string path) => CodePath().IsMatch(path);

    string Text(List<string> its, List<WrittenReference> written)
    {
        var text = new StringBuilder();
        var places = written.Select(_ => chance.Below(Math.Max(1, its.Count))).ToList();
        for (var section = 0; section < Math.Max(1, its.Count); section++)
        {
            if (its.Count > 0)
            {
                text.Append(section == 0 ? "# " : names.Pick("## ", "## ", "### ")).Append(its[section]).Append("\n\n");
            }

            text.Append(names.Sentence()).Append('\n');
            foreach (var reference in written.Where((_, i) => places[i] == section))
            {
                text.Append(names.Pick("- ", "See ", "", "* ")).Append(reference.Markdown).Append(names.Pick("", ".", " " + names.Sentence())).Append('\n');
            }

            text.Append(names.Is(0.1) ? "\n```\n[not](one.md) `NotOne.Either`\n```\n" : "").Append('\n');
        }

        return text.ToString();
    }

    [GeneratedRegex(@"^(?!.*(nnnn|NNNN|YYYY|\.\.\.|//))[A-Za-z0-9_][A-Za-z0-9_./@+-]*$")]
    private static partial Regex CodePath();

    // What would be no link, another link, or a path that means something else.
    [GeneratedRegex(@"[()<>`\\]|^\s|\s$|^[A-Za-z][A-Za-z0-9+.-]*:(?!//)|/\.+/(?<!/\.\./)|\.$")]
    private static partial Regex Odd();

    [GeneratedRegex(@"[\p{L}_][\p{L}\p{Nd}_]*")]
    private static partial Regex Identifier();
}
