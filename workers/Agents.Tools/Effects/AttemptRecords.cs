using System.Text;
using Agents.Tools.Durable;
using Agents.Tools.Files;
using Microsoft.Win32.SafeHandles;

namespace Agents.Tools.Effects;

/// <summary>
/// Which attempts the worker processes of one folder have begun, in files that outlive them. Each process has a slot and
/// holds its lock, which the system lets go when it dies: an attempt noted in a slot that nobody holds, or that has another
/// holder by now, can no longer act.
/// </summary>
public sealed class AttemptRecords : IDisposable
{
    const int SlotsMax = 256;

    /// <summary>First letter of a line: begun by the holder of the slot, by an earlier one, ended.</summary>
    const char Begun = 'b', Gone = 'g', Ended = 'e';

    readonly Lock _gate = new();
    readonly string _folder;
    readonly FileLock _lock;
    readonly SafeFileHandle _file;
    readonly HashSet<string> _earlier;
    readonly HashSet<string> _begun = [];
    long _length;

    AttemptRecords(string folder, int slot, FileLock held)
    {
        _folder = folder;
        _lock = held;
        Slot = slot;
        _earlier = [.. Read(RecordOf(slot)).Keys];
        Rewrite();
        _file = File.OpenHandle(RecordOf(slot), FileMode.Open, FileAccess.Write, FileShare.Read);
        _length = RandomAccess.GetLength(_file);
    }

    /// <summary>From 0; no other living process of this folder has it.</summary>
    public int Slot { get; }

    /// <summary>Names this holder of the slot, as no other one was or will be.</summary>
    public string Incarnation { get; } = Guid.NewGuid().ToString("N")[..12];

    /// <summary>Names the folder, wherever it is mounted.</summary>
    public string Place { get; private init; } = "";

    /// <summary>Takes the first slot that is free. <paramref name="toolsDirectory"/> is where the tools of these processes note things.</summary>
    public static AttemptRecords Open(string toolsDirectory)
    {
        var folder = Path.Combine(toolsDirectory, "workers");
        try
        {
            Directory.CreateDirectory(folder);
            for (var slot = 0; slot < SlotsMax; slot++)
            {
                if (FileLock.TryTake(Path.Combine(folder, $"{slot}.lock")) is { } held)
                {
                    return new AttemptRecords(folder, slot, held) { Place = PlaceOf(folder) };
                }
            }
        }
        catch (Exception e) when (WriteFailures.Includes(e))
        {
            throw new ToolFaultException(
                ToolErrors.WriteFailed, $"'{folder}' cannot be used: {WriteFailures.Describe(e)}; check space and permissions", false, e);
        }

        throw new ToolFaultException(
            ToolErrors.Locked, $"{SlotsMax} workers use '{folder}' already, the most that may; end one, or use another folder", false);
    }

    /// <summary>On disk when this returns: from here on the attempt may act.</summary>
    public void Begin(string token)
    {
        lock (_gate)
        {
            Append($"{Begun} {token}\n", sync: true);
            _begun.Add(token);
        }
    }

    /// <summary>Its outcome has been heard; nobody will ask.</summary>
    public void End(string token)
    {
        lock (_gate)
        {
            if (_begun.Remove(token) | _earlier.Remove(token))
            {
                Append($"{Ended} {token}\n", sync: false);
            }
        }
    }

    /// <summary>Whether the process that began this attempt is proven to be gone. False: it lives, or nothing is known here.</summary>
    public bool IsGone(string token)
    {
        lock (_gate)
        {
            if (_begun.Contains(token))
            {
                return false;
            }

            if (_earlier.Contains(token))
            {
                return true;
            }
        }

        for (var slot = 0; slot < SlotsMax; slot++)
        {
            if (slot != Slot && Read(RecordOf(slot)).TryGetValue(token, out var gone))
            {
                if (gone)
                {
                    return true;
                }

                using var held = FileLock.TryTake(Path.Combine(_folder, $"{slot}.lock"));
                return held is not null;
            }
        }

        return false;
    }

    string RecordOf(int slot) => Path.Combine(_folder, $"{slot}.begun");

    /// <summary>
    /// Attempts begun and not ended, and whether they are those of an earlier holder of the slot; a torn last line never
    /// began.
    /// </summary>
    static Dictionary<string, bool> Read(string file)
    {
        var open = new Dictionary<string, bool>(StringComparer.Ordinal);
        if (!File.Exists(file))
        {
            return open;
        }

        using var shared = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(shared);
        foreach (var line in reader.ReadToEnd().Split('\n')[..^1].Where(l => l.Length > 2))
        {
            if (line[0] == Ended)
            {
                open.Remove(line[2..]);
            }
            else
            {
                open[line[2..]] = line[0] == Gone;
            }
        }

        return open;
    }

    void Rewrite()
    {
        var lines = Encoding.UTF8.GetBytes(string.Concat(_earlier.Select(t => $"{Gone} {t}\n")));
        DurableFile.Write(_folder, $"{Slot}.begun", $"{Slot}.begun.tmp", lines);
    }

    void Append(string line, bool sync)
    {
        var bytes = Encoding.UTF8.GetBytes(line);
        try
        {
            RandomAccess.Write(_file, bytes, _length);
            _length += bytes.Length;
            if (sync)
            {
                RandomAccess.FlushToDisk(_file);
            }
        }
        catch (Exception e) when (WriteFailures.Includes(e))
        {
            throw new ToolFaultException(
                ToolErrors.WriteFailed, $"'{RecordOf(Slot)}' cannot be written: {WriteFailures.Describe(e)}; check space and permissions", true, e);
        }
    }

    static string PlaceOf(string folder)
    {
        var file = Path.Combine(folder, "place.id");
        if (!File.Exists(file))
        {
            var made = $"{file}.{Guid.NewGuid():N}";
            File.WriteAllText(made, Guid.NewGuid().ToString("N"));
            try
            {
                File.Move(made, file);
            }
            catch (IOException) when (File.Exists(file))
            {
                File.Delete(made); // another process was first
            }
        }

        return File.ReadAllText(file);
    }

    public void Dispose()
    {
        _file.Dispose();
        _lock.Dispose();
    }
}
