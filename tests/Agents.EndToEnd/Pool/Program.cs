using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Agents.TestKit;

namespace Agents.EndToEnd.Pool;

/// <summary>A program of ours in a process of its own, with the JSON lines it writes.</summary>
sealed class Program : IAsyncDisposable
{
    const int Terminate = 15;

    readonly Process _process;
    readonly ConcurrentQueue<string> _lines = new();
    readonly ConcurrentQueue<string> _errors = new();

    Program(params string[] arguments)
    {
        _process = Process.Start(new ProcessStartInfo(Programs.Agents, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        _process.OutputDataReceived += (_, e) => Keep(_lines, e.Data);
        _process.ErrorDataReceived += (_, e) => Keep(_errors, e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public static Program Start(params string[] arguments) => new(arguments);

    /// <summary>What it wrote last, once it has ended.</summary>
    public string LastLine => _lines.LastOrDefault() ?? throw new InvalidOperationException($"it wrote nothing: {string.Join('\n', _errors)}");

    /// <summary>A member of the first line that has the text; waits for it.</summary>
    public async Task<string> SaidAsync(string text, string member)
    {
        string? found = null;
        await Patience.UntilAsync(() =>
        {
            found = _lines.FirstOrDefault(l => l.Contains(text, StringComparison.Ordinal));
            return found is null && _process.HasExited
                ? throw new InvalidOperationException($"ended before it said '{text}': {string.Join('\n', _lines.Concat(_errors))}")
                : Task.FromResult(found is not null);
        });
        using var line = JsonDocument.Parse(found!);
        return line.RootElement.GetProperty(member).GetString()!;
    }

    public void Kill() => _process.Kill();

    public void Ask() => _ = Signal(_process.Id, Terminate);

    public async Task<int> EndAsync()
    {
        using var patience = Patience.Begin();
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    static void Keep(ConcurrentQueue<string> lines, string? line)
    {
        if (line is not null)
        {
            lines.Enqueue(line);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    static extern int Signal(int process, int signal);
}
