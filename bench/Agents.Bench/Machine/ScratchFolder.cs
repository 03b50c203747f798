namespace Agents.Bench.Machine;

/// <summary>A folder of this process under the scratch space, removed at the end.</summary>
sealed class ScratchFolder : IDisposable
{
    static int s_made;

    public ScratchFolder(string name) => Path = Directory.CreateDirectory(System.IO.Path.Combine(
        Checkout.Scratch, $"{name}-{Environment.ProcessId}-{Interlocked.Increment(ref s_made)}")).FullName;

    public string Path { get; }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
