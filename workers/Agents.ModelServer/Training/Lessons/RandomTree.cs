using System.Text;
using Agents.ModelServer.Generation;

namespace Agents.ModelServer.Training.Lessons;

/// <summary>What an audit must find about a reference.</summary>
public sealed record ExpectedFinding(string Page, string Reference, string Status, string? Suggestion);

/// <summary>How large a random tree is to be.</summary>
public sealed record TreeSize(int PagesMin, int PagesMax, int OthersMin, int OthersMax, int ReferencesMin, int ReferencesMax)
{
    public static TreeSize Lesson { get; } = new(1, 8, 2, 20, 4, 48);

    /// <summary>Lessons too, so that long lists and large totals are met.</summary>
    public static TreeSize Long { get; } = new(3, 14, 8, 60, 50, 110);

    public static TreeSize Longest { get; } = new(8, 40, 40, 200, 120, 320);

    /// <summary>An audit of it takes 200 calls or more.</summary>
    public static TreeSize Exam { get; } = new(6, 14, 12, 40, 64, 90);
}

/// <summary>A folder of documents made up from a seed: its files, and what an audit of it must find.</summary>
public sealed class RandomTree
{
    const string PageEnding = "md";

    readonly Chance _chance;
    readonly NameMaker _names;
    readonly SortedDictionary<string, string> _files = new(StringComparer.Ordinal);
    readonly HashSet<string> _folders = new(StringComparer.Ordinal);
    readonly List<string> _pages = [];
    readonly Dictionary<string, List<string>> _headings = new(StringComparer.Ordinal);

    RandomTree(ulong seed, WordBook book)
    {
        _chance = new Chance(seed);
        _names = new NameMaker(_chance, book);
    }

    /// <summary>Text by path; pages end in .md.</summary>
    public IReadOnlyDictionary<string, string> Files => _files;

    /// <summary>In the order of the pages and of their texts.</summary>
    public IReadOnlyList<ExpectedFinding> Findings { get; private set; } = [];

    public static RandomTree Make(ulong seed, WordBook book, TreeSize size)
    {
        var tree = new RandomTree(seed, book);
        tree.MakeFiles(size);
        var writer = new PageWriter(tree._names, tree._chance, tree._files, tree._folders, tree._headings, tree._pages);
        tree.Findings = writer.WriteAll(tree._names.Between(size.ReferencesMin, size.ReferencesMax));
        return tree;
    }

    /// <summary>Writes the files below an empty folder.</summary>
    public void WriteTo(string folder)
    {
        foreach (var (path, text) in _files)
        {
            var full = Path.Combine(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            File.WriteAllText(full, text);
        }
    }

    /// <summary>The lines that a digest must have, in the order of the listing.</summary>
    public IReadOnlyList<string> DigestLines() => [.. _files.Select(f => $"{f.Key}\t{Encoding.UTF8.GetByteCount(f.Value)}\t{FirstHeading(f.Value)}")];

    static string FirstHeading(string text)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            return "(binary)";
        }

        var lines = text.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0).ToList();
        return lines.Find(l => l.StartsWith("# ", StringComparison.Ordinal) || l.StartsWith("## ", StringComparison.Ordinal))?.TrimStart('#').Trim()
            ?? (lines.Count > 0 ? lines[0] : "(empty)");
    }

    void MakeFiles(TreeSize size)
    {
        List<string> folders = [""];
        for (var i = _names.Between(1, 10); i > 0; i--)
        {
            var parent = _names.Is(0.3) ? "" : _names.Pick(folders);
            var name = folders.Count > 1 && _names.Is(0.15) ? _names.Near(LastName(_names.Pick(folders.Skip(1).ToList()))) : _names.Stem();
            if (parent.Count(c => c == '/') < 5)
            {
                folders.Add(parent.Length == 0 ? name : $"{parent}/{name}");
            }
        }

        for (var i = _names.Between(size.PagesMin, size.PagesMax); i > 0; i--)
        {
            AddPage(NewPath(folders, PageEnding));
        }

        for (var i = _names.Between(size.OthersMin, size.OthersMax); i > 0; i--)
        {
            var ending = _names.Ending();
            var path = NewPath(folders, ending);
            if (ending == PageEnding)
            {
                AddPage(path);
            }
            else
            {
                _files.TryAdd(path, Other(ending));
            }
        }

        if (_names.Is(0.35))
        {
            for (var i = _names.Between(1, 4); i > 0; i--)
            {
                AddPage($"docs/errors/AG{_names.Between(1000, 9999)}.md");
            }
        }

        foreach (var path in _files.Keys)
        {
            for (var at = path.LastIndexOf('/'); at > 0; at = path.LastIndexOf('/', at - 1))
            {
                _folders.Add(path[..at]);
            }
        }
    }

    string NewPath(List<string> folders, string ending)
    {
        var folder = _names.Pick(folders);
        var existing = _files.Keys.Where(f => f.EndsWith($".{ending}", StringComparison.Ordinal)).ToList();
        var stem = existing.Count > 0 && _names.Is(0.25) ? _names.Near(Stem(_names.Pick(existing)))
            : existing.Count > 0 && _names.Is(0.06) ? Stem(_names.Pick(existing))
            : _names.Is(0.05) ? _names.Pick("README", "index", "CHANGELOG") : _names.Stem();
        return folder.Length == 0 ? $"{stem}.{ending}" : $"{folder}/{stem}.{ending}";
    }

    void AddPage(string path)
    {
        if (_files.TryAdd(path, ""))
        {
            _pages.Add(path);
            var headings = Enumerable.Range(0, _names.Between(1, 5)).Select(_ => _names.Heading()).DistinctBy(PageWriter.Slug).ToList();
            _headings[path] = [.. headings.Where(h => PageWriter.Slug(h).Length > 0)];
        }
    }

    string Other(string ending) => ending switch
    {
        _ when _names.Is(0.06) => "",
        "png" => "\0PNG",
        "cs" or "ts" or "py" or "js" => $"{FirstLine()}class {_names.Symbol()}\n{{\n    void {_names.Symbol()}() {{ }}\n}}\n",
        "json" => _names.Pick("{\n  ", "{ ") + $"\"{_names.Word()}\": \"{_names.Word()}\" }}\n",
        "csproj" or "xml" or "props" => $"<Project Sdk=\"{_names.Symbol()}.{_names.Word()}\">\n</Project>\n",
        "sh" => $"#!/usr/bin/env {_names.Word()}\n{_names.Sentence()}\n",
        _ => (_names.Is(0.3) ? $"# {_names.Heading()}\n" : FirstLine()) + _names.Sentence() + "\n",
    };

    string FirstLine() => _names.Between(0, 9) switch
    {
        0 => $"// {_names.Heading()}\n",
        1 => $"-- {_names.Word()}: {_names.Word()}, {_names.Word()} (\"{_names.Word()}\")\n",
        2 => $"using {_names.Symbol()}.{_names.Symbol()};\n",
        3 => $"  {_names.Word()} = '{_names.Word()}\\{_names.Word()}' # {_names.Number()}\n",
        4 => $"/* {_names.Sentence()} */\n\n",
        5 => $"---\n{_names.Word()}: {_names.Word()}\n",
        6 => $"import {{ {_names.Symbol()} }} from \"./{_names.Stem()}\";\n",
        _ => "",
    };

    static string LastName(string path) => path[(path.LastIndexOf('/') + 1)..];

    static string Stem(string path) => LastName(path) is var name && name.LastIndexOf('.') is var dot and > 0 ? name[..dot] : LastName(path);
}
