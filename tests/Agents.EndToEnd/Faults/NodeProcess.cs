using System.Diagnostics;
using Agents.TestKit.Crash;

namespace Agents.EndToEnd.Faults;

/// <summary>A node in a process of its own, and what it says.</summary>
public sealed class NodeProcess : IAsyncDisposable
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    readonly Process _process;
    readonly Lock _gate = new();
    readonly List<string> _lines = [];
    readonly Task<string> _errors;
    TaskCompletionSource _said = new(TaskCreationOptions.RunContinuationsAsynchronously);

    NodeProcess(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
        process.OutputDataReceived += (_, e) => Hear(e.Data);
        process.BeginOutputReadLine();
    }

    public static NodeProcess Start(string url, string data, string shared, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(Programs.CrashHost, ["node", url, data, shared])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new NodeProcess(Process.Start(start)!);
    }

    public int Count(string line)
    {
        lock (_gate)
        {
            return _lines.Count(l => l == line);
        }
    }

    /// <summary>Returns once it has said a line that begins so.</summary>
    public async Task SaysAsync(string beginning, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(s_patience);
        while (true)
        {
            Task said;
            lock (_gate)
            {
                if (_lines.Exists(l => l.StartsWith(beginning, StringComparison.Ordinal)))
                {
                    return;
                }

                said = _said.Task;
            }

            await Task.WhenAny(said, _process.WaitForExitAsync(limit.Token));
            if (!said.IsCompleted && (_process.HasExited || limit.IsCancellationRequested))
            {
                throw new InvalidOperationException(
                    $"the node {(_process.HasExited ? $"ended with {_process.ExitCode}: {await _errors}" : "goes on")} and did not say "
                    + $"'{beginning}' but {string.Join(", ", _lines)}");
            }
        }
    }

    public async Task KillAsync(CancellationToken cancel)
    {
        _process.Kill();
        await _process.WaitForExitAsync(cancel);
    }

    public void Freeze() => Signals.Send(_process.Id, Signals.Stop);

    public void Thaw() => Signals.Send(_process.Id, Signals.Continue);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
    }

    void Hear(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_gate)
        {
            _lines.Add(line);
            _said.SetResult();
            _said = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
