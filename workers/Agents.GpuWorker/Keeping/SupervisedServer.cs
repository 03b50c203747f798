using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Agents.GpuWorker.Keeping;

/// <summary>How a model server is started.</summary>
public sealed record SupervisedOptions
{
    /// <summary>The program and its arguments.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Where it serves, version segment included.</summary>
    public required string BaseUrl { get; init; }

    /// <summary>Between its end and its next start; twice as long each time it ends within <see cref="StableAfter"/>.</summary>
    public TimeSpan RestartAfter { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan RestartAfterMax { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Running so long, it counts as started well.</summary>
    public TimeSpan StableAfter { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>From SIGTERM to SIGKILL.</summary>
    public TimeSpan StopWithin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Takes what it writes, line by line.</summary>
    public Action<string> Said { get; init; } = _ => { };
}

/// <summary>A model server that this worker starts, starts again when it ends, and stops when the worker does.</summary>
public sealed class SupervisedServer : IModelServerKeep
{
    const int LastLines = 5;
    const int Terminate = 15;

    readonly SupervisedOptions _options;
    readonly TimeProvider _clock;
    readonly CancellationTokenSource _stop = new();
    readonly Lock _gate = new();
    readonly Queue<string> _lines = new();
    Process? _process;
    Task _keeping = Task.CompletedTask;
    string? _trouble = "was not started yet";

    public SupervisedServer(SupervisedOptions options, TimeProvider clock)
    {
        if (options.Command.Count == 0 || options.Command[0].Length == 0)
        {
            throw new ArgumentException("the command line is empty", nameof(options));
        }

        (_options, _clock) = (options, clock);
    }

    public string BaseUrl => _options.BaseUrl;

    public string? Trouble => Volatile.Read(ref _trouble);

    /// <summary>Id of its process; null while there is none.</summary>
    public int? ProcessId
    {
        get
        {
            lock (_gate)
            {
                return _process?.Id;
            }
        }
    }

    /// <summary>Starts it; throws <see cref="GpuWorkerException"/> with AG4053 where the command cannot be started at all.</summary>
    public Task StartAsync(CancellationToken cancel)
    {
        var process = Launch();
        _keeping = KeepAsync(process);
        return Task.CompletedTask;
    }

    Process Launch()
    {
        var start = new ProcessStartInfo(_options.Command[0], _options.Command.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            var process = Process.Start(start)!;
            process.OutputDataReceived += (_, e) => Take(e.Data);
            process.ErrorDataReceived += (_, e) => Take(e.Data);
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            lock (_gate)
            {
                _process = process;
            }

            Volatile.Write(ref _trouble, null);
            return process;
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            throw new GpuWorkerException(
                "AG4053", $"the model server cannot be started: {e.Message}", $"see that '{_options.Command[0]}' is installed and on the PATH", e);
        }
    }

    void Take(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_gate)
        {
            _lines.Enqueue(line);
            if (_lines.Count > LastLines)
            {
                _lines.Dequeue();
            }
        }

        _options.Said(line);
    }

    async Task KeepAsync(Process process)
    {
        var wait = _options.RestartAfter;
        while (!_stop.IsCancellationRequested)
        {
            var began = _clock.GetTimestamp();
            await process.WaitForExitAsync(CancellationToken.None);
            if (_stop.IsCancellationRequested)
            {
                return;
            }

            Volatile.Write(ref _trouble, $"ended with exit code {process.ExitCode}{LastWords()}; is started again in {wait.TotalSeconds:0.#} s");
            try
            {
                await Task.Delay(wait, _clock, _stop.Token);
                wait = _clock.GetElapsedTime(began) > _options.StableAfter
                    ? _options.RestartAfter
                    : TimeSpan.FromTicks(Math.Min(wait.Ticks * 2, _options.RestartAfterMax.Ticks));
                process.Dispose();
                process = Launch();
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (GpuWorkerException e)
            {
                Volatile.Write(ref _trouble, e.Message);
                return;
            }
        }
    }

    string LastWords()
    {
        lock (_gate)
        {
            return _lines.Count == 0 ? "" : $", its last lines: {string.Join(" | ", _lines)}";
        }
    }

    /// <summary>SIGTERM, and after a while SIGKILL to it and what it started.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        var process = Take();
        await (process is null ? Task.CompletedTask : EndAsync(process));
        await _keeping;
        process?.Dispose();
        if (Take() is { } late) // started in the moment it was told to stop
        {
            await EndAsync(late);
            late.Dispose();
        }

        _stop.Dispose();
    }

    Process? Take()
    {
        lock (_gate)
        {
            (var process, _process) = (_process, null);
            return process;
        }
    }

    async Task EndAsync(Process process)
    {
        try
        {
            if (!process.HasExited)
            {
                _ = Signal(process.Id, Terminate);
            }

            await process.WaitForExitAsync(CancellationToken.None).WaitAsync(_options.StopWithin, _clock);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            // It had ended and was put away between two starts.
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    static extern int Signal(int process, int signal);
}
