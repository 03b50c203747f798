using System.Diagnostics;
using System.Globalization;

namespace Agents.TestKit.Cluster;

/// <summary>The other side of a <see cref="ClusterChild"/>.</summary>
public sealed class ClusterProcess : IAsyncDisposable
{
    readonly Process _process;
    readonly Task _reading;
    readonly Lock _gate = new();
    readonly List<(Func<Said, bool> Wanted, TaskCompletionSource<Said> Found)> _waiting = [];
    readonly List<Said> _said = [];

    ClusterProcess(Process process)
    {
        _process = process;
        _reading = ReadAsync();
    }

    /// <summary>What it said, when (monotonic ticks), and of what.</summary>
    public readonly record struct Said(string What, long At, string Of)
    {
        public string Word(int number) => Of.Split(' ')[number];
    }

    /// <summary>Processor time it has used.</summary>
    public double CpuSeconds
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime.TotalSeconds;
        }
    }

    public IReadOnlyList<Said> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _said];
            }
        }
    }

    public Task Exited => _process.WaitForExitAsync();

    public int ExitCode => _process.ExitCode;

    public static async Task<ClusterProcess> StartAsync(string program, string url, string schema, string world)
    {
        var start = new ProcessStartInfo(program, [ClusterChild.Verb, url, schema, world])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        var child = new ClusterProcess(Process.Start(start)!);
        await child.NextAsync(s => s.What == "ready");
        return child;
    }

    public void Tell(string command)
    {
        _process.StandardInput.WriteLine(command);
        _process.StandardInput.Flush();
    }

    /// <summary>The first it said, or says within a minute, that is wanted.</summary>
    public async Task<Said> NextAsync(Func<Said, bool> wanted)
    {
        var found = new TaskCompletionSource<Said>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_said.FirstOrDefault(wanted) is { What: not null } said)
            {
                return said;
            }

            _waiting.Add((wanted, found));
        }

        if (await Task.WhenAny(found.Task, _reading, Task.Delay(TimeSpan.FromMinutes(1), TimeProvider.System, CancellationToken.None))
            != found.Task)
        {
            throw new TimeoutException($"it was not said; last: {string.Join('\n', All.TakeLast(20))}");
        }

        return await found.Task;
    }

    /// <summary>kill -9; answers when (monotonic ticks).</summary>
    public long Kill()
    {
        var at = Stopwatch.GetTimestamp();
        _process.Kill();
        return at;
    }

    /// <summary>STOP or CONT.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
    }

    async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.Split(' ', 3) is not [var what, var at, var of] || !long.TryParse(at, out var ticks))
            {
                continue;
            }

            var said = new Said(what, ticks, of);
            lock (_gate)
            {
                _said.Add(said);
                foreach (var waiting in _waiting.Where(w => w.Wanted(said)).ToList())
                {
                    _waiting.Remove(waiting);
                    waiting.Found.TrySetResult(said);
                }
            }
        }
    }
}
