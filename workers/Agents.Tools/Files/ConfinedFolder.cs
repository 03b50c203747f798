using Microsoft.Win32.SafeHandles;

namespace Agents.Tools.Files;

/// <summary>
/// A folder that nothing opened through it can leave. A path is first refused by name; then the place is opened without
/// touching it, asked where it really is, and used only through that handle, so that a link swapped in between changes
/// nothing. Where handles do not know their path (other systems than Linux) every link below the folder is refused.
/// </summary>
sealed class ConfinedFolder
{
    readonly string _inside;

    ConfinedFolder(string real)
    {
        Real = real;
        _inside = real.EndsWith('/') ? real : real + '/';
    }

    /// <summary>The folder's own real path.</summary>
    public string Real { get; }

    public static ConfinedFolder Open(string? path, string whose)
    {
        if (string.IsNullOrEmpty(path) || !Path.IsPathRooted(path))
        {
            throw new ToolFaultException(
                ToolErrors.RootUnusable, $"the {whose} folder of the tools is '{path}': it must be an absolute path");
        }

        if (!Directory.Exists(path))
        {
            throw new ToolFaultException(
                ToolErrors.RootUnusable, $"the {whose} folder of the tools, '{path}', does not exist or is no folder");
        }

        return new ConfinedFolder(RealOf(path));
    }

    /// <summary>Opens a regular file for reading; refuses everything else in words for the model.</summary>
    public (SafeFileHandle Handle, long Size) OpenRead(string relative)
    {
        using var place = OpenPlace(relative, PlaceKind.File);
        try
        {
            var handle = File.OpenHandle(
                place.Through, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return (handle, RandomAccess.GetLength(handle));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ToolRefusedException($"'{relative}' cannot be read: {Reason(e)}");
        }
    }

    /// <summary>What is at a path; a place that lies outside counts as nothing.</summary>
    public PlaceKind KindOf(string relative)
    {
        try
        {
            using var place = Find(relative);
            return place?.Kind ?? PlaceKind.None;
        }
        catch (ToolRefusedException)
        {
            return PlaceKind.None;
        }
    }

    /// <summary>A folder below (or "" for this one), held open.</summary>
    public ConfinedPlace OpenFolder(string relative) => OpenPlace(relative, PlaceKind.Folder);

    /// <summary>The folder a file lies in, made where missing, held open; the file itself must not be a link.</summary>
    public ConfinedPlace OpenFolderFor(string relativeFile)
    {
        var folder = RelativePath.Folder(relativeFile);
        var made = "";
        foreach (var segment in folder.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            using var parent = OpenFolder(made);
            made = RelativePath.Combine(made, segment);
            Make(Path.Combine(parent.Through, segment), made);
        }

        var place = OpenFolder(folder);
        var name = RelativePath.Name(relativeFile);
        var info = new FileInfo(Path.Combine(place.Through, name));
        if (info.LinkTarget is null && (!info.Exists || KindOf(relativeFile) == PlaceKind.File)
            && !Directory.Exists(info.FullName))
        {
            return place;
        }

        place.Dispose();
        throw new ToolRefusedException($"'{relativeFile}' is a link, a folder or no regular file; it cannot be written");
    }

    /// <summary>Opens a regular file for writing, made where missing, its folders too. Nothing is written yet.</summary>
    public SafeFileHandle OpenWrite(string relative)
    {
        using var folder = OpenFolderFor(relative);
        var name = RelativePath.Name(relative);
        var handle = File.OpenHandle(
            Path.Combine(folder.Through, name), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        if (!Posix.HandlesKnowTheirPath || Posix.RealPath(handle) == Path.Combine(folder.Real, name))
        {
            return handle;
        }

        handle.Dispose();
        throw new ToolRefusedException($"'{relative}' became a link while it was opened; it cannot be written");
    }

    static void Make(string path, string shown)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ToolRefusedException($"folder '{shown}' cannot be made: {Reason(e)}");
        }
    }

    ConfinedPlace OpenPlace(string relative, PlaceKind wanted)
    {
        var place = Find(relative) ?? throw new ToolRefusedException(
            $"'{Shown(relative)}' was not found; it may never have been there, or have vanished");
        if (place.Kind == wanted)
        {
            return place;
        }

        place.Dispose();
        throw new ToolRefusedException(place.Kind switch
        {
            PlaceKind.Folder => $"'{Shown(relative)}' is a folder, not a file",
            PlaceKind.File => $"'{relative}' is a file, not a folder",
            _ => $"'{relative}' is a device, pipe or socket, not a regular file",
        });
    }

    ConfinedPlace? Find(string relative)
    {
        var path = relative.Length == 0 ? Real : _inside + relative;
        return Posix.HandlesKnowTheirPath ? FindByHandle(relative, path) : FindByName(relative, path);
    }

    ConfinedPlace? FindByHandle(string relative, string path)
    {
        var handle = Posix.OpenPlace(path);
        if (handle is null)
        {
            return null;
        }

        var real = Posix.RealPath(handle);
        if (real == Real || real.StartsWith(_inside, StringComparison.Ordinal))
        {
            return new ConfinedPlace(handle, Posix.ThroughHandle(handle), Posix.Describe(handle).Kind, real);
        }

        handle.Dispose();
        throw new ToolRefusedException($"'{relative}' leads out of the root by a link");
    }

    ConfinedPlace? FindByName(string relative, string path)
    {
        var at = Real;
        foreach (var segment in relative.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            at = Path.Combine(at, segment);
            if (new FileInfo(at).LinkTarget is not null)
            {
                throw new ToolRefusedException($"'{relative}' passes a link; links are not followed on this system");
            }
        }

        var kind = Directory.Exists(path) ? PlaceKind.Folder : File.Exists(path) ? PlaceKind.File : PlaceKind.None;
        return kind == PlaceKind.None ? null : new ConfinedPlace(null, path, kind, path);
    }

    static string RealOf(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (!Posix.HandlesKnowTheirPath)
        {
            return new DirectoryInfo(full).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? full;
        }

        using var handle = Posix.OpenPlace(full) ?? throw new ToolFaultException(
            ToolErrors.RootUnusable, $"folder '{full}' cannot be opened; check its permissions");
        return Posix.RealPath(handle);
    }

    static string Shown(string relative) => relative.Length == 0 ? "." : relative;

    // Messages of the file system name the handle's path; the model knows only its own.
    static string Reason(Exception e) => e is UnauthorizedAccessException ? "no permission" : e.GetType().Name switch
    {
        nameof(FileNotFoundException) or nameof(DirectoryNotFoundException) => "it has vanished",
        _ => "input/output error",
    };
}

/// <summary>A place found to lie inside; <see cref="Through"/> reaches that very place while this is not disposed.</summary>
sealed class ConfinedPlace(SafeFileHandle? handle, string through, PlaceKind kind, string real) : IDisposable
{
    public string Through { get; } = through;

    public PlaceKind Kind { get; } = kind;

    public string Real { get; } = real;

    public void Dispose() => handle?.Dispose();
}
