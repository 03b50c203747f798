using Agents.Client.Remote;
using Agents.Client.Runs;
using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Host.Composition;
using Microsoft.Extensions.Logging;

namespace Agents.Host.Proof;

/// <summary>The job once, in a data directory and an output folder of its own.</summary>
sealed class ProofRun(string folder, IReadOnlyList<string> jobArguments, string key, string run, ILogger log)
{
    static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(3);

    readonly List<double> _recoveries = [];
    StreamOffset? _seen;
    int _events;

    public string Data => Path.Combine(folder, "data");

    public string Out => Path.Combine(folder, "out");

    public string EffectsSeen => Path.Combine(folder, "effects.jsonl");

    /// <summary>Milliseconds from spawn to the first new stream event, for each process that had something to recover.</summary>
    public IReadOnlyList<double> Recoveries => _recoveries;

    public int Kills { get; private set; }

    public int KillsDuringRecovery { get; private set; }

    /// <summary>Runs the job, killing by plan. The same idempotency key finds the same run with every start.</summary>
    public async Task RunAsync(IReadOnlyList<PlannedKill> plan, Action<int> killed, CancellationToken cancel)
    {
        Directory.CreateDirectory(Out);
        foreach (var kill in plan)
        {
            using var child = Spawn();
            var before = _seen;
            await WaitUntilAsync(child, kill, cancel);
            if (!await child.KillAsync(cancel))
            {
                return; // it had ended by itself: nothing is left to kill
            }

            Kills++;
            KillsDuringRecovery += before is not null && _seen == before ? 1 : 0;
            killed(Kills);
        }

        using var last = Spawn();
        await WaitUntilAsync(last, new PlannedKill(null, null), cancel);
        var code = await last.EndAsync(cancel);
        if (code is not (0 or 1 or 6))
        {
            throw last.Fault() ?? new RunFaultException(
                Faults.Unexpected, $"the job cannot be run (exit code {code}): {last.Errors}", "agents run", null);
        }
    }

    ProofChild Spawn() => ProofChild.Start(
        ["run", .. jobArguments, "--out", Out + "/", "--data", Data, "--key", key, "--json"], EffectsSeen);

    async Task WaitUntilAsync(ProofChild child, PlannedKill kill, CancellationToken cancel)
    {
        if (kill.AfterSpawn is { } after)
        {
            var left = after - child.Age;
            await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, MachineClock.Instance, cancel);
            return;
        }

        var socket = Path.Combine(Data, "agents.sock");
        while (!child.HasExited && !await Sockets.AnswersAsync(socket, cancel))
        {
            await Task.Delay(s_look, MachineClock.Instance, cancel);
        }

        using var api = HttpApi.OnSocket(socket);
        while (!child.HasExited && _events < (kill.AtEvent ?? int.MaxValue))
        {
            await ReadAsync(new HttpRunClient(api), child, kill.AtEvent ?? int.MaxValue, cancel);
            await Task.Delay(s_look, MachineClock.Instance, cancel);
        }
    }

    // Ends at the event asked for, when the run has ended, or when the process that is read from is gone.
    async Task ReadAsync(IRunClient client, ProofChild child, int until, CancellationToken cancel)
    {
        var first = _seen is not null;
        try
        {
            await foreach (var e in client.StreamAsync(run, _seen, cancel))
            {
                if (first)
                {
                    _recoveries.Add(child.Age.TotalMilliseconds);
                    first = false;
                }

                _seen = e.Offset;
                if (++_events >= until || e is RunEvent.Done)
                {
                    return;
                }
            }
        }
        catch (Exception e) when (e is RunFaultException or IOException or HttpRequestException)
        {
            // Not started yet, or just ended: looked at again by the caller.
        }
    }

    /// <summary>How the run stands and what its ledger holds, read after its processes are gone.</summary>
    public async Task<(RunView View, IReadOnlyList<LedgerEntry> Effects, int Events)> LookAsync(CancellationToken cancel)
    {
        await using var door = await Door.OpenAsync(new StoreAddress(Data, null), host: false, folder, log, cancel);
        var view = await door.Runs.GetAsync(run, cancel)
            ?? throw new RunFaultException(Faults.ProofBroken, "the run is gone", Data, null);
        var effects = await door.Archive.ReadEffectsAsync(run, inDoubtOnly: false, cancel) ?? [];
        var events = 0;
        if (RunStatuses.IsEnded(view.Status))
        {
            await foreach (var _ in door.Runs.StreamAsync(run, null, cancel))
            {
                events++;
            }
        }

        return (view, effects, events);
    }
}
