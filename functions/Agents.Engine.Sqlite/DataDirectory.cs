using System.Globalization;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite;

/// <summary>
/// The data directory, held by an operating-system lock for as long as this object lives. The lock goes with the
/// process, however it dies: whoever gets it has proof that its predecessor is gone.
/// </summary>
public sealed class DataDirectory : IDisposable
{
    const UnixFileMode OwnerOnlyFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    const UnixFileMode OwnerOnlyDirectory = OwnerOnlyFile | UnixFileMode.UserExecute;
    const string LockFile = "agents.lock";

    /// <summary>Beside the lock, not in it: nobody can read a locked file through .NET.</summary>
    const string HolderFile = "agents.pid";
    const string DatabaseFile = "agents.db";

    readonly FileStream _lock;

    DataDirectory(string path, FileStream held)
    {
        Path = path;
        _lock = held;
    }

    /// <summary>As a full path.</summary>
    public string Path { get; }

    internal string Database => System.IO.Path.Combine(Path, DatabaseFile);

    /// <summary>
    /// Makes the folder where there is none and holds it. Throws <see cref="DataDirectoryInUseException"/> where another
    /// process does, <see cref="StoreUnavailableException"/> where it cannot be made or written.
    /// </summary>
    public static DataDirectory Hold(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        try
        {
            CreateOwnerOnly(path);
            var held = TakeLock(System.IO.Path.Combine(path, LockFile), path);
            return new DataDirectory(path, held);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw Unusable(path, e);
        }
    }

    internal static int? HolderOf(string path) => ReadHolder(System.IO.Path.Combine(path, HolderFile));

    public void Dispose() => _lock.Dispose();

    static void CreateOwnerOnly(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        Directory.CreateDirectory(path, OwnerOnlyDirectory);
        if (File.GetUnixFileMode(path) != OwnerOnlyDirectory)
        {
            File.SetUnixFileMode(path, OwnerOnlyDirectory);
        }
    }

    static FileStream TakeLock(string file, string directory)
    {
        FileStream held;
        try
        {
            held = new FileStream(file, Create(FileMode.OpenOrCreate, FileShare.None));
        }
        catch (IOException) when (File.Exists(file))
        {
            throw new DataDirectoryInUseException(directory, ReadHolder(System.IO.Path.Combine(directory, HolderFile)));
        }

        using var holder = new FileStream(
            System.IO.Path.Combine(directory, HolderFile), Create(FileMode.Create, FileShare.ReadWrite));
        holder.Write(System.Text.Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
        return held;
    }

    static int? ReadHolder(string file)
    {
        try
        {
            return int.TryParse(File.ReadAllText(file), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                ? pid
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Leaves in the lock file that a database was made here, so that its loss is found out and not taken for a beginning.</summary>
    internal void MarkUsed()
    {
        if (_lock.Length == 0)
        {
            _lock.Write("agents.db was made here\n"u8);
            _lock.Flush();
        }
    }

    void RefuseLostDatabase()
    {
        if (_lock.Length > 0 && (!File.Exists(Database) || new FileInfo(Database).Length == 0))
        {
            throw new StoreUnavailableException(
                $"AG1103: {Database} is {(File.Exists(Database) ? "empty" : "gone")}, and runs were stored in it. "
                + "Restore it from a backup; to begin anew without them, choose another data directory or remove this one.", null);
        }
    }

    internal void CreateDatabaseFile()
    {
        RefuseLostDatabase();
        try
        {
            // SQLite gives its -wal and -shm files the mode of the database file.
            using var file = new FileStream(Database, Create(FileMode.OpenOrCreate, FileShare.ReadWrite));
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw Unusable(Path, e);
        }
    }

    static StoreUnavailableException Unusable(string path, Exception e) => new(
        $"AG1105: the data directory {path} cannot be created or written: {e.Message} "
        + "Give this user write access or choose another directory.", e);

    static FileStreamOptions Create(FileMode mode, FileShare share)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = share };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnlyFile;
        }

        return options;
    }
}
