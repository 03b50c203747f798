using Agents.Tools.Files;

namespace Agents.Tools.Durable;

/// <summary>Whole files that appear at once: written beside their place, synced, then renamed into it.</summary>
static class DurableFile
{
    /// <summary><paramref name="folder"/> must exist; <paramref name="temporary"/> is a name only this writer uses.</summary>
    public static void Write(string folder, string name, string temporary, ReadOnlySpan<byte> bytes)
    {
        var beside = Path.Combine(folder, temporary);
        using (var file = File.OpenHandle(beside, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            RandomAccess.Write(file, bytes, 0);
            RandomAccess.FlushToDisk(file);
        }

        File.Move(beside, Path.Combine(folder, name), overwrite: true);
        Posix.SyncFolder(folder);
    }
}
