using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Agents.Tools.Files;

/// <summary>
/// The few system calls that .NET does not offer: opening a place without touching it (Linux), asking what is open,
/// and making a rename durable. Numbers are the same on every Linux architecture we run on.
/// </summary>
static class Posix
{
    const int OpenPathOnly = 0x200000;
    const int OpenCloseOnExec = 0x80000;
    const int EmptyPath = 0x1000;
    const uint MaskBasic = 0x7ff;
    const int ModeOffset = 28;
    const int SizeOffset = 40;
    const int FileTypeMask = 0xf000;
    const int RegularFile = 0x8000;
    const int DirectoryFile = 0x4000;

    /// <summary>The checks by handle need /proc and statx: Linux.</summary>
    public static bool HandlesKnowTheirPath => OperatingSystem.IsLinux();

    /// <summary>
    /// A handle of the place itself: nothing is read, no device or pipe notices. Null when nothing is there or the way
    /// is barred.
    /// </summary>
    public static SafeFileHandle? OpenPlace(string path)
    {
        var descriptor = Open(path, OpenPathOnly | OpenCloseOnExec, 0);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Path through which the very same place can be opened or entered, whatever happens to its name.</summary>
    public static string ThroughHandle(SafeFileHandle place) => $"/proc/self/fd/{place.DangerousGetHandle()}";

    /// <summary>The place's real path now; ends in " (deleted)" when it has lost its name.</summary>
    public static string RealPath(SafeFileHandle place) =>
        new FileInfo(ThroughHandle(place)).LinkTarget ?? throw new IOException("a handle has no path in /proc");

    public static (PlaceKind Kind, long Size) Describe(SafeFileHandle place)
    {
        var buffer = new byte[256];
        if (StatX((int)place.DangerousGetHandle(), "", EmptyPath, MaskBasic, buffer) != 0)
        {
            throw new IOException($"statx failed with error {Marshal.GetLastPInvokeError()}");
        }

        var type = BitConverter.ToUInt16(buffer, ModeOffset) & FileTypeMask;
        var kind = type switch
        {
            RegularFile => PlaceKind.File,
            DirectoryFile => PlaceKind.Folder,
            _ => PlaceKind.Other,
        };
        return (kind, BitConverter.ToInt64(buffer, SizeOffset));
    }

    /// <summary>Makes names created, renamed or removed in a folder survive a power loss.</summary>
    public static void SyncFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return; // NTFS journals names by itself and offers no call for this
        }

        var descriptor = Open(path, OperatingSystem.IsLinux() ? OpenCloseOnExec : 0, 0);
        if (descriptor < 0)
        {
            throw new IOException($"cannot open folder '{path}' to sync it (error {Marshal.GetLastPInvokeError()})");
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (FSync(descriptor) != 0)
        {
            throw new IOException($"cannot sync folder '{path}' (error {Marshal.GetLastPInvokeError()})");
        }
    }

    static int Open(string path, int flags, int mode) => OpenCall(Terminated(path), flags, mode);

    static int StatX(int folder, string path, int flags, uint mask, byte[] buffer) =>
        StatXCall(folder, Terminated(path), flags, mask, buffer);

    static byte[] Terminated(string text) => Encoding.UTF8.GetBytes(text + '\0');

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    static extern int OpenCall(byte[] path, int flags, int mode);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    static extern int FSync(int descriptor);

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    static extern int StatXCall(int folder, byte[] path, int flags, uint mask, byte[] buffer);
}

enum PlaceKind
{
    None = 0,
    File = 1,
    Folder = 2,

    /// <summary>A device, pipe or socket.</summary>
    Other = 3,
}
