using System.Text.RegularExpressions;

namespace Agents.ModelServer.Training.Lessons;

/// <summary>What is there in a random tree, for whoever refers to it. Lists are in ordinal order, as every listing is.</summary>
sealed partial class ReferenceTruth
{
    readonly IReadOnlyDictionary<string, string> _files;
    readonly HashSet<string> _folders;
    readonly Dictionary<string, List<string>> _headings;
    readonly Dictionary<string, string> _sources = new(StringComparer.Ordinal);

    public ReferenceTruth(
        SortedDictionary<string, string> files, HashSet<string> folders, Dictionary<string, List<string>> headings,
        IReadOnlyList<(string Identifier, string Path)> identifiers)
    {
        (_files, _folders, _headings) = (files, folders, headings);
        foreach (var (identifier, path) in identifiers)
        {
            _sources.TryAdd(identifier, path);
        }

        Symbols = [.. identifiers.Select(i => i.Identifier).Where(i => Humps().IsMatch(i)).Distinct()];
    }

    /// <summary>Names of source code that are written like one.</summary>
    public IReadOnlyList<string> Symbols { get; }

    public bool Exists(string path) => _files.ContainsKey(path) || _folders.Contains(path);

    public bool HasHeading(string page, string slug) => _headings[page].Exists(h => PageWriter.Slug(h) == slug);

    public string? SourceOf(string identifier) => _sources.GetValueOrDefault(identifier);

    public string? PageWith(string slug, string but) =>
        _headings.Keys.Order(StringComparer.Ordinal).FirstOrDefault(p => p != but && HasHeading(p, slug)) is { } page ? $"{page}#{slug}" : null;

    public string? Named(string name, string but) =>
        _files.Keys.FirstOrDefault(f => f != but && f[(f.LastIndexOf('/') + 1)..] == name);

    public string? FolderNamed(string name) =>
        _folders.Order(StringComparer.Ordinal).FirstOrDefault(f => f[(f.LastIndexOf('/') + 1)..] == name) is { } folder ? folder + "/" : null;

    [GeneratedRegex("^[A-Z][a-z]+(?:[A-Z][a-z]*)+$")]
    private static partial Regex Humps();
}
