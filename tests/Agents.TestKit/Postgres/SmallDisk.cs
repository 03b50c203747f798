using System.Diagnostics;
using System.Globalization;

namespace Agents.TestKit.Postgres;

/// <summary>A file system in memory of a few megabytes, that can be filled and emptied. Unmounted when this object goes.</summary>
public sealed class SmallDisk : IDisposable
{
    readonly DirectoryInfo _folder;

    SmallDisk(DirectoryInfo folder) => _folder = folder;

    public string Folder => _folder.FullName;

    string Ballast => Path.Combine(Folder, "ballast");

    /// <summary>Null with a reason where we may not mount one.</summary>
    public static SmallDisk? Mount(int megabytes, out string reason)
    {
        var folder = Directory.CreateTempSubdirectory("agents-disk-");
        reason = "needs the right to mount a file system (root, and a container that lets it)";
        if (Mount(["-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={megabytes}m,mode=755"), "agents", folder.FullName]))
        {
            return new SmallDisk(folder);
        }

        folder.Delete();
        return null;
    }

    /// <summary>Takes all room that is left.</summary>
    public void Fill()
    {
        const int Piece = 4096;
        using var file = new FileStream(Ballast, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        var piece = new byte[Piece];
        try
        {
            while (true)
            {
                file.Write(piece);
            }
        }
        catch (IOException)
        {
            // That was the last.
        }
    }

    public void MakeRoom() => File.Delete(Ballast);

    public void Dispose()
    {
        using (var unmount = Process.Start("umount", [Folder]))
        {
            unmount.WaitForExit();
        }

        _folder.Delete();
    }

    static bool Mount(string[] arguments)
    {
        try
        {
            using var mount = Process.Start(new ProcessStartInfo("mount", arguments) { RedirectStandardError = true })!;
            mount.WaitForExit();
            return mount.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
