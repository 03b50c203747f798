using System.Text;
using System.Text.Json;
using Agents.Tools.Files;
using Microsoft.Win32.SafeHandles;

namespace Agents.Tools.Durable;

/// <summary>
/// State kept as an append-only file of JSON lines and folded in memory. Used under a lock that other processes respect;
/// a line counts once it is synced; a torn last line (its writer died) is cut off by the next user. What is in memory is
/// trusted only while the file has the length it had when we left it.
/// </summary>
sealed class StateFile<T>(string path, Func<T> empty, Action<T, JsonElement> fold)
{
    readonly SemaphoreSlim _oneAtATime = new(1, 1);
    T _state = empty();
    long _length = -1;

    public async Task<TResult> UseAsync<TResult>(
        ToolEnvironment environment, Func<Session, Task<TResult>> use, CancellationToken cancel)
    {
        await _oneAtATime.WaitAsync(cancel);
        try
        {
            var folder = Path.GetDirectoryName(path)!;
            Directory.CreateDirectory(folder);
            using var held = await FileLock.TakeAsync(path + ".lock", environment.Clock, environment.LockTimeout, cancel);
            var isNew = !File.Exists(path);
            using var file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
            if (isNew)
            {
                Posix.SyncFolder(folder);
            }

            Load(file);
            return await use(new Session(this, file));
        }
        catch (Exception e) when (WriteFailures.Includes(e))
        {
            _length = -1;
            throw new ToolFaultException(
                ToolErrors.WriteFailed,
                $"'{path}' cannot be used: {WriteFailures.Describe(e)}; check space and permissions",
                retriable: true,
                e);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    void Load(SafeFileHandle file)
    {
        var length = RandomAccess.GetLength(file);
        if (length == _length)
        {
            return;
        }

        _length = -1;
        _state = empty();
        var bytes = new byte[length];
        if (ReadFully(file, bytes) != length)
        {
            throw new IOException("the file changed while it was read");
        }

        var end = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        FoldAll(bytes.AsSpan(0, end));
        if (end < length)
        {
            RandomAccess.SetLength(file, end);
            RandomAccess.FlushToDisk(file);
        }

        _length = end;
    }

    void FoldAll(ReadOnlySpan<byte> bytes)
    {
        for (var number = 1; bytes.Length > 0; number++)
        {
            var end = bytes.IndexOf((byte)'\n');
            try
            {
                var reader = new Utf8JsonReader(bytes[..end]);
                fold(_state, JsonElement.ParseValue(ref reader));
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
            {
                throw new ToolFaultException(
                    ToolErrors.StateDamaged, $"'{path}' is damaged at line {number}: {e.Message}", false, e);
            }

            bytes = bytes[(end + 1)..];
        }
    }

    static int ReadFully(SafeFileHandle file, byte[] into)
    {
        var read = 0;
        while (read < into.Length && RandomAccess.Read(file, into.AsSpan(read), read) is var more and > 0)
        {
            read += more;
        }

        return read;
    }

    void Append(SafeFileHandle file, string line)
    {
        var bytes = Encoding.UTF8.GetBytes(line + "\n");
        var at = _length;
        _length = -1; // until the line is synced and folded nothing in memory is trusted
        try
        {
            RandomAccess.Write(file, bytes, at);
            RandomAccess.FlushToDisk(file);
        }
        catch (Exception e) when (WriteFailures.Includes(e))
        {
            CutBack(file, at);
            throw;
        }

        var reader = new Utf8JsonReader(bytes);
        fold(_state, JsonElement.ParseValue(ref reader));
        _length = at + bytes.Length;
    }

    static void CutBack(SafeFileHandle file, long at)
    {
        try
        {
            RandomAccess.SetLength(file, at);
        }
        catch (IOException)
        {
            // The torn line is cut by the next user; the failure that brought us here is the one to report.
        }
    }

    /// <summary>The file while its lock is held.</summary>
    public sealed class Session(StateFile<T> owner, SafeFileHandle file)
    {
        public T State => owner._state;

        /// <summary>Adds one line; when this returns it is synced and part of <see cref="State"/>.</summary>
        public void Append(string line) => owner.Append(file, line);
    }
}
