using System.Diagnostics;
using System.Text;
using Agents.Contracts.Runs;

namespace Agents.Tools.Files;

/// <summary>
/// The files a run may see below its root: what git tracks where the root is a checkout, else every regular file found
/// by walking (links not followed). Sorted by ordinal, so that a page means the same on every machine.
/// </summary>
static class FolderListing
{
    public const int FilesMax = 200_000;
    const int GitSecondsMax = 30;

    /// <summary>Files that the settings let the list tool show; <paramref name="hidden"/> are real paths left out.</summary>
    public static async Task<IReadOnlyList<string>> VisibleAsync(
        ConfinedFolder root, ToolSettings settings, HiddenPlaces hidden, CancellationToken cancel)
    {
        var include = settings.Include.Select(p => new Glob(p)).ToArray();
        var exclude = settings.Exclude.Select(p => new Glob(p)).ToArray();
        var all = await AllAsync(root, hidden, cancel);
        return [.. all.Where(path =>
            (include.Length == 0 || include.Any(g => g.Matches(path))) && !exclude.Any(g => g.Matches(path)))];
    }

    /// <summary>Every file below the root, settings aside.</summary>
    public static async Task<IReadOnlyList<string>> AllAsync(
        ConfinedFolder root, HiddenPlaces hidden, CancellationToken cancel)
    {
        var paths = await TrackedAsync(root, cancel) ?? Walk(root, hidden);
        var kept = paths.Where(p => !hidden.Hides(Path.Combine(root.Real, p))).ToArray();
        Array.Sort(kept, StringComparer.Ordinal);
        return kept;
    }

    static async Task<IReadOnlyList<string>?> TrackedAsync(ConfinedFolder root, CancellationToken cancel)
    {
        // A root inside somebody else's checkout whose files are untracked would look empty: only its top counts.
        if (!Path.Exists(Path.Combine(root.Real, ".git")))
        {
            return null;
        }

        var start = new ProcessStartInfo("git") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["-C", root.Real, "-c", "core.fsmonitor=false", "ls-files", "-z"])
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            return await ReadTrackedAsync(start, root, cancel);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null; // no git here: walk
        }
    }

    static async Task<IReadOnlyList<string>?> ReadTrackedAsync(
        ProcessStartInfo start, ConfinedFolder root, CancellationToken cancel)
    {
        using var process = Process.Start(start);
        if (process is null)
        {
            return null;
        }

        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        bound.CancelAfter(TimeSpan.FromSeconds(GitSecondsMax));
        try
        {
            var errors = process.StandardError.ReadToEndAsync(bound.Token);
            using var bytes = new MemoryStream();
            await process.StandardOutput.BaseStream.CopyToAsync(bytes, bound.Token);
            await process.WaitForExitAsync(bound.Token);
            await errors;
            return process.ExitCode != 0 ? null : Split(bytes.ToArray(), root);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    static List<string> Split(byte[] bytes, ConfinedFolder root) =>
        [.. Encoding.UTF8.GetString(bytes).Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Distinct(StringComparer.Ordinal).Take(FilesMax)
            .Where(p => IsNameable(p) && File.Exists(Path.Combine(root.Real, p)))];

    static List<string> Walk(ConfinedFolder root, HiddenPlaces hidden)
    {
        List<string> found = [];
        Stack<string> folders = new([""]);
        while (folders.TryPop(out var folder) && found.Count < FilesMax)
        {
            foreach (var entry in Entries(Path.Combine(root.Real, folder)))
            {
                var path = RelativePath.Combine(folder, entry.Name);
                if (!IsNameable(path) || entry.LinkTarget is not null || entry.Name == ".git")
                {
                    continue;
                }

                if (entry is not DirectoryInfo)
                {
                    found.Add(path);
                }
                else if (!hidden.Hides(entry.FullName))
                {
                    folders.Push(path);
                }
            }
        }

        return found;
    }

    static IEnumerable<FileSystemInfo> Entries(string folder)
    {
        try
        {
            return new DirectoryInfo(folder).GetFileSystemInfos();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // vanished or barred while we walked
        }
    }

    // A name that is not UTF-8 cannot be written back by a model; it is left out rather than shown as unreadable.
    static bool IsNameable(string path) => !path.Contains('\uFFFD', StringComparison.Ordinal);
}

/// <summary>Real paths that listings leave out: the data directory, the output folder, known output files.</summary>
sealed class HiddenPlaces(IEnumerable<string> places)
{
    readonly HashSet<string> _places = new(places, StringComparer.Ordinal);

    public bool Hides(string realPath)
    {
        for (var at = realPath; !string.IsNullOrEmpty(at); at = Path.GetDirectoryName(at))
        {
            if (_places.Contains(at))
            {
                return true;
            }
        }

        return false;
    }
}
