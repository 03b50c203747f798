using System.Text.RegularExpressions;
using Agents.Tools.Files;

namespace Agents.Tools.References;

sealed record ReferenceVerdict(string Status, string Detail)
{
    public static ReferenceVerdict Broken(string detail) => new("broken", detail);

    public static ReferenceVerdict Unknown(string detail) => new("unknown", detail);
}

/// <summary>Decides whether what a document names is there. The same listing gives the same words.</summary>
sealed partial class ReferenceCheck(RootIndex index)
{
    const int SuggestionsMax = 3;
    readonly Dictionary<string, HashSet<string>> _anchors = new(StringComparer.Ordinal);

    public ReferenceVerdict Check(string kind, string target, string from) => kind switch
    {
        "link" => Link(target, from),
        "path" => AtPlace(target, from),
        "anchor" => Anchor(target, from),
        "error" or "error_code" => Error(target),
        "symbol" or "code_symbol" => Symbol(target),
        "code" => ErrorCode().IsMatch(target) ? Error(target) : Symbol(target),
        _ => ReferenceVerdict.Unknown($"kind '{kind}' is none of link, path, anchor, error, symbol"),
    };

    /// <summary>What a broken reference may have meant, the likeliest first, in the order of the listing; at most three.</summary>
    public IReadOnlyList<string> Suggest(string kind, string target, string from)
    {
        var hash = target.IndexOf('#', StringComparison.Ordinal);
        var anchor = kind == "anchor" ? target.TrimStart('#') : hash >= 0 && kind == "link" ? target[(hash + 1)..] : "";
        var word = MarkdownReferences.SearchWord(kind, kind == "link" ? Uri.UnescapeDataString(target) : target);
        var found = kind switch
        {
            "symbol" => index.SourceOf(word) is { } source ? [source] : [],
            "error" => [],
            _ when anchor.Length > 0 && (kind == "anchor" || hash == 0 || index.HasFile(Place(target[..hash], from) ?? "")) =>
                index.Files.Where(f => f != from && IsPage(f) && Anchors(f).Contains(anchor)).Select(f => $"{f}#{anchor}"),
            _ => Named(word, from),
        };
        return [.. found.Take(SuggestionsMax)];
    }

    string? Place(string target, string from) => Resolve(Uri.UnescapeDataString(target), from, out _);

    IEnumerable<string> Named(string word, string from) => word.EndsWith('/')
        ? index.Folders.Where(f => $"/{f}/".EndsWith($"/{word}", StringComparison.Ordinal)).Select(f => f + "/")
        : index.Files.Where(f => f != from && (f == word || f.EndsWith($"/{word}", StringComparison.Ordinal)));

    ReferenceVerdict Link(string target, string from)
    {
        if (Scheme().IsMatch(target) || target.StartsWith("//", StringComparison.Ordinal))
        {
            return new("external", "not fetched");
        }

        var hash = target.IndexOf('#', StringComparison.Ordinal);
        var (place, anchor) = hash < 0 ? (target, "") : (target[..hash], target[(hash + 1)..]);
        place = Uri.UnescapeDataString(place.Split('?')[0]);
        if (place.Length == 0)
        {
            return anchor.Length == 0 ? new("ok", "top of the page") : InPage(from, anchor);
        }

        var path = Resolve(place, from, out var refusal);
        return path is null
            ? ReferenceVerdict.Broken(refusal)
            : anchor.Length == 0 ? Exists(path) : InPage(path, anchor);
    }

    ReferenceVerdict AtPlace(string target, string from)
    {
        var fromRoot = RelativePath.Normalize(target.TrimStart('/'), out _);
        if (fromRoot is not null && IsPublished(fromRoot))
        {
            return Exists(fromRoot);
        }

        var beside = Resolve(target, from, out var refusal);
        return beside is not null && IsPublished(beside) ? Exists(beside)
            : (fromRoot ?? beside) is { } wanted ? Exists(wanted)
            : ReferenceVerdict.Broken(refusal);
    }

    bool IsPublished(string path) => index.HasFile(path) || index.HasFolder(path);

    ReferenceVerdict Anchor(string target, string from) =>
        target.Contains('#', StringComparison.Ordinal) ? Link(target, from) : InPage(from, target);

    ReferenceVerdict Error(string code)
    {
        var page = $"docs/errors/{code}.md";
        return !ErrorCode().IsMatch(code) ? ReferenceVerdict.Unknown("an error code is AG and four digits")
            : index.HasFile(page) ? new("ok", $"page {page}")
            : ReferenceVerdict.Broken($"no page {page}");
    }

    ReferenceVerdict Symbol(string target)
    {
        var parts = Identifier().Matches(Generics().Replace(target, "")).Select(m => m.Value).ToArray();
        if (parts.Length == 0)
        {
            return ReferenceVerdict.Unknown("no identifier in it");
        }

        var missing = parts.FirstOrDefault(p => index.SourceOf(p) is null);
        return missing is null
            ? new("ok", $"in {index.SourceOf(parts[^1])}")
            : ReferenceVerdict.Broken($"'{missing}' occurs in no source file");
    }

    ReferenceVerdict Exists(string path)
    {
        if (index.HasFile(path))
        {
            return new("ok", $"file {path}");
        }

        if (index.HasFolder(path))
        {
            return new("ok", path.Length == 0 ? "the root" : $"folder {path}");
        }

        return ReferenceVerdict.Broken(index.Root.KindOf(path) == PlaceKind.None
            ? $"no file or folder '{path}'"
            : $"'{path}' is here but is not part of what is published (git does not track it)");
    }

    ReferenceVerdict InPage(string page, string anchor)
    {
        if (!index.HasFile(page) || !IsPage(page))
        {
            var there = Exists(page);
            return there.Status == "ok" && !LineAnchor().IsMatch(anchor)
                ? ReferenceVerdict.Unknown($"{page} is no Markdown page; anchor '#{anchor}' not checked")
                : there;
        }

        return Anchors(page).Contains(Uri.UnescapeDataString(anchor))
            ? new("ok", $"heading in {page}")
            : ReferenceVerdict.Broken($"no heading '#{anchor}' in {page}");
    }

    HashSet<string> Anchors(string page)
    {
        lock (_anchors)
        {
            if (!_anchors.TryGetValue(page, out var anchors))
            {
                _anchors[page] = anchors = HeadingSlugs.Of(RootIndex.ReadText(index.Root, page) ?? "");
            }

            return anchors;
        }
    }

    static string? Resolve(string target, string from, out string refusal) => RelativePath.Normalize(
        target.StartsWith('/') ? target.TrimStart('/') : RelativePath.Combine(RelativePath.Folder(from), target),
        out refusal);

    static bool IsPage(string path) => Path.GetExtension(path) is ".md" or ".markdown";

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9+.-]*:")]
    private static partial Regex Scheme();

    [GeneratedRegex("^AG[0-9]{4}$")]
    private static partial Regex ErrorCode();

    [GeneratedRegex("^L[0-9]+(-L[0-9]+)?$")]
    private static partial Regex LineAnchor();

    [GeneratedRegex(@"[\p{L}_][\p{L}\p{Nd}_]*")]
    private static partial Regex Identifier();

    [GeneratedRegex(@"<[^<>]*>|\([^()]*\)|\[[^\[\]]*\]")]
    private static partial Regex Generics();
}
