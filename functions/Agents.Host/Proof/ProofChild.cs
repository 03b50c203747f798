using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Agents.Client.Runs;
using Agents.Host.Composition;

namespace Agents.Host.Proof;

/// <summary>One process of ours that runs the job; killed with SIGKILL, or left to end.</summary>
sealed class ProofChild : IDisposable
{
    readonly Process _process;
    readonly StringBuilder _out = new();
    readonly StringBuilder _errors = new();
    readonly long _spawned;

    ProofChild(Process process, long spawned)
    {
        _process = process;
        _spawned = spawned;
    }

    public TimeSpan Age => MachineClock.Instance.GetElapsedTime(_spawned);

    public bool HasExited => _process.HasExited;

    public static ProofChild Start(IReadOnlyList<string> arguments, string effectLog)
    {
        var self = Environment.ProcessPath ?? throw new InvalidOperationException("this process does not know its own file");
        var start = new ProcessStartInfo(self) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment[EffectLog.Variable] = effectLog;
        var spawned = MachineClock.Instance.GetTimestamp();
        var child = new ProofChild(new Process { StartInfo = start }, spawned);
        child._process.OutputDataReceived += (_, line) => Add(child._out, line.Data);
        child._process.ErrorDataReceived += (_, line) => Add(child._errors, line.Data);
        child._process.Start();
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        return child;
    }

    static void Add(StringBuilder to, string? line)
    {
        if (line is not null)
        {
            lock (to)
            {
                to.AppendLine(line);
            }
        }
    }

    /// <summary>False when it had ended by itself before.</summary>
    public async Task<bool> KillAsync(CancellationToken cancel)
    {
        var alive = !_process.HasExited;
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(cancel);
        return alive && _process.ExitCode is not (0 or 1 or 6);
    }

    /// <summary>Exit code once it has ended by itself.</summary>
    public async Task<int> EndAsync(CancellationToken cancel)
    {
        await _process.WaitForExitAsync(cancel);
        return _process.ExitCode;
    }

    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return _errors.ToString().Trim();
            }
        }
    }

    /// <summary>Why it would not run the job, as it said it; null when it said nothing of the kind.</summary>
    public RunFaultException? Fault()
    {
        string last;
        lock (_out)
        {
            last = _out.ToString().TrimEnd().Split('\n')[^1];
        }

        try
        {
            return JsonSerializer.Deserialize(last, HostJson.Plain.ErrorLine) is { Error: { } e }
                ? new RunFaultException(e.Code, e.Detail ?? e.Title, e.Where, e.WhatToDo)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }
}
