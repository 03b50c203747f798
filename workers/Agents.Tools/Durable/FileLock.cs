using Microsoft.Win32.SafeHandles;

namespace Agents.Tools.Durable;

/// <summary>
/// A lock that other processes respect and that the system releases when its holder dies: whoever gets it knows that no
/// earlier holder is between its first and last step under it.
/// </summary>
sealed class FileLock : IDisposable
{
    static readonly TimeSpan s_retryEvery = TimeSpan.FromMilliseconds(20);
    readonly SafeFileHandle _handle;

    FileLock(SafeFileHandle handle) => _handle = handle;

    public static async Task<FileLock> TakeAsync(
        string path, TimeProvider clock, TimeSpan wait, CancellationToken cancel)
    {
        var started = clock.GetTimestamp();
        while (true)
        {
            if (TryTake(path) is { } taken)
            {
                return taken;
            }

            if (clock.GetElapsedTime(started) > wait)
            {
                throw new ToolFaultException(
                    ToolErrors.Locked,
                    $"'{path}' stayed locked by another process for {wait.TotalSeconds:0} s; end or unfreeze that process",
                    retriable: true);
            }

            await Task.Delay(s_retryEvery, clock, cancel);
        }
    }

    public void Dispose() => _handle.Dispose();

    /// <summary>Null: somebody has it.</summary>
    public static FileLock? TryTake(string path)
    {
        try
        {
            // FileShare.None takes the exclusive advisory lock of the whole file, without waiting.
            return new FileLock(File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (IsHeldByAnother(e))
        {
            return null;
        }
    }

    static bool IsHeldByAnother(IOException e) =>
        e.GetType() == typeof(IOException)
        && (OperatingSystem.IsWindows() ? (e.HResult & 0xffff) == 32 : e.HResult is 11 or 35);
}
