using Agents.Tools.Files;

namespace Agents.Tools.References;

/// <summary>
/// What references under a root can point at: its files and folders (those git tracks, where it is a checkout) and the
/// identifiers that occur in its sources. Built once per root and process, within bounds.
/// </summary>
sealed class RootIndex
{
    const int SourceBytesMax = 1 << 20;
    const long AllSourceBytesMax = 96L << 20;
    static readonly HashSet<string> s_sources = new(StringComparer.OrdinalIgnoreCase)
    {
        ".cs", ".csx", ".fs", ".vb", ".c", ".h", ".cc", ".cpp", ".hpp", ".rs", ".go", ".java", ".kt", ".swift", ".py",
        ".rb", ".php", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".sql", ".proto", ".sh", ".ps1", ".csproj", ".props",
        ".targets", ".json", ".yml", ".yaml", ".toml",
    };

    readonly HashSet<string> _files;
    readonly HashSet<string> _folders = new(StringComparer.Ordinal) { "" };
    readonly Lazy<string[]> _sortedFolders;
    readonly Lazy<Dictionary<string, string>> _symbols;

    RootIndex(ConfinedFolder root, IReadOnlyList<string> files)
    {
        Root = root;
        Files = files;
        _files = new HashSet<string>(files, StringComparer.Ordinal);
        _sortedFolders = new(() => [.. _folders.Where(f => f.Length > 0).Order(StringComparer.Ordinal)]);
        foreach (var file in files)
        {
            for (var folder = RelativePath.Folder(file); _folders.Add(folder);)
            {
                folder = RelativePath.Folder(folder);
            }
        }

        _symbols = new(() => Symbols(root, files));
    }

    public ConfinedFolder Root { get; }

    /// <summary>Sorted by ordinal, as every listing is.</summary>
    public IReadOnlyList<string> Files { get; }

    public IReadOnlyList<string> Folders => _sortedFolders.Value;

    public static async Task<RootIndex> BuildAsync(ConfinedFolder root, HiddenPlaces hidden, CancellationToken cancel) =>
        new(root, await FolderListing.AllAsync(root, hidden, cancel));

    public bool HasFile(string path) => _files.Contains(path);

    public bool HasFolder(string path) => _folders.Contains(path);

    /// <summary>First source file, in listing order, in which the identifier occurs; null when none does.</summary>
    public string? SourceOf(string identifier) => _symbols.Value.GetValueOrDefault(identifier);

    /// <summary>Text of a file of the listing; null when it is no text or gone.</summary>
    public static string? ReadText(ConfinedFolder root, string path)
    {
        try
        {
            var (handle, size) = root.OpenRead(path);
            using (handle)
            {
                return size > SourceBytesMax ? null : TextWindow.Read(handle, size, 0, SourceBytesMax)?.Text;
            }
        }
        catch (ToolRefusedException)
        {
            return null;
        }
    }

    static Dictionary<string, string> Symbols(ConfinedFolder root, IReadOnlyList<string> files)
    {
        Dictionary<string, string> symbols = new(StringComparer.Ordinal);
        long budget = AllSourceBytesMax;
        foreach (var path in files)
        {
            if (budget <= 0 || !s_sources.Contains(Path.GetExtension(path)))
            {
                continue;
            }

            var text = ReadText(root, path) ?? "";
            budget -= text.Length;
            Collect(text, path, symbols);
        }

        return symbols;
    }

    static void Collect(string text, string path, Dictionary<string, string> symbols)
    {
        var lookup = symbols.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var at = 0; at < text.Length; at++)
        {
            if (!IsStart(text[at]))
            {
                continue;
            }

            var end = at + 1;
            while (end < text.Length && IsPart(text[end]))
            {
                end++;
            }

            lookup.TryAdd(text.AsSpan(at, end - at), path);
            at = end;
        }
    }

    public static bool IsStart(char c) => char.IsLetter(c) || c == '_';

    public static bool IsPart(char c) => char.IsLetterOrDigit(c) || c == '_';
}
