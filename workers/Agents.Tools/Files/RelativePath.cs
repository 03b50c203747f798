namespace Agents.Tools.Files;

/// <summary>Paths as models write them: below a root, separated by '/'.</summary>
static class RelativePath
{
    const int CharactersMax = 4096;

    /// <summary>
    /// Removes '.' and resolves '..' by name; "" is the root itself. Null with the reason when the path leaves the root
    /// or cannot name a file at all.
    /// </summary>
    public static string? Normalize(string path, out string refusal)
    {
        refusal = "";
        if (path.Length > CharactersMax)
        {
            refusal = $"path is longer than {CharactersMax} characters";
        }
        else if (path.Contains('\0', StringComparison.Ordinal))
        {
            refusal = "path contains a NUL character";
        }
        else if (path.StartsWith('/') || path.StartsWith('~') || Path.IsPathRooted(path))
        {
            refusal = $"path '{path}' is absolute; give a path relative to the root, such as 'docs/readme.md'";
        }

        return refusal.Length > 0 ? null : Walk(path, ref refusal);
    }

    /// <summary>As <see cref="Normalize"/>; throws the refusal.</summary>
    public static string Require(string path) =>
        Normalize(path, out var refusal) ?? throw new ToolRefusedException(refusal);

    /// <summary>Folder part of a normalized path; "" for the root.</summary>
    public static string Folder(string path) => path.LastIndexOf('/') is var at and >= 0 ? path[..at] : "";

    public static string Name(string path) => path[(path.LastIndexOf('/') + 1)..];

    public static string Combine(string folder, string path) => folder.Length == 0 ? path : $"{folder}/{path}";

    static string? Walk(string path, ref string refusal)
    {
        List<string> kept = [];
        foreach (var segment in path.Split('/'))
        {
            if (segment is "" or ".")
            {
                continue;
            }

            if (segment != "..")
            {
                kept.Add(segment);
            }
            else if (kept.Count == 0)
            {
                refusal = $"path '{path}' leaves the root";
                return null;
            }
            else
            {
                kept.RemoveAt(kept.Count - 1);
            }
        }

        return string.Join('/', kept);
    }
}
