using System.Security.Cryptography;
using System.Text;
using Agents.Tools.Durable;
using Agents.Tools.Files;
using Microsoft.Win32.SafeHandles;

namespace Agents.Tools.Artifacts;

/// <summary>
/// Whole tool results that are too long for a transcript, as files named by their content: the same result is kept
/// once, and storing it again (after a crash, by another attempt) changes nothing.
/// </summary>
public sealed class ArtifactStore(string dataDirectory)
{
    const int HandleDigits = 32;
    const string Prefix = "artifact-";

    public string Store(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var name = Convert.ToHexStringLower(SHA256.HashData(bytes))[..HandleDigits];
        var folder = FolderOf(name);
        if (File.Exists(Path.Combine(folder, name)))
        {
            return Prefix + name;
        }

        try
        {
            var isNew = !Directory.Exists(folder);
            Directory.CreateDirectory(folder);
            if (isNew)
            {
                Posix.SyncFolder(Path.GetDirectoryName(folder)!);
            }

            // Two writers of the same content write the same bytes: each under its own temporary name.
            var temporary = $"{name}.{Environment.ProcessId}.{Environment.CurrentManagedThreadId}.tmp";
            DurableFile.Write(folder, name, temporary, bytes);
        }
        catch (Exception e) when (WriteFailures.Includes(e))
        {
            throw new ToolFaultException(
                ToolErrors.WriteFailed, $"an artifact cannot be stored in '{folder}': {e.Message}", retriable: true, e);
        }

        return Prefix + name;
    }

    /// <summary>The file behind a handle; null when the handle is malformed or names nothing.</summary>
    public SafeFileHandle? Open(string handle)
    {
        if (!IsHandle(handle))
        {
            return null;
        }

        var path = Path.Combine(FolderOf(handle[Prefix.Length..]), handle[Prefix.Length..]);
        return File.Exists(path) ? File.OpenHandle(path) : null;
    }

    static bool IsHandle(string handle) =>
        handle.Length == Prefix.Length + HandleDigits
        && handle.StartsWith(Prefix, StringComparison.Ordinal)
        && !handle.AsSpan(Prefix.Length).ContainsAnyExcept("0123456789abcdef");

    string FolderOf(string name) => Path.Combine(dataDirectory, "artifacts", name[..2]);
}
