using Agents.Contracts.Effects;
using Agents.Simulation.Scheduling;

namespace Agents.Simulation.World;

/// <summary>One effect as it reached the world. <paramref name="Refused"/>: the world had been fenced against it.</summary>
sealed record Arrival(string Key, string Tool, EffectClass Class, string Bytes, string Token, TimeSpan At, bool Refused);

/// <summary>How a tool of the simulated world behaves.</summary>
/// <param name="IsRemote">Its effect travels and may land after its sender's death.</param>
/// <param name="Probes">It can be asked whether an effect happened.</param>
/// <param name="Fences">Once it has answered "absent", the attempt asked about can no longer act.</param>
sealed record SimTool(string Name, EffectClass Class, bool IsRemote, bool Probes, bool Fences, bool Parallel);

/// <summary>
/// What is outside: it keeps every arrival, never forgets one and never makes two into one, except for keys of
/// Idempotent tools, which is what those promise.
/// </summary>
sealed class SimWorld(SimScheduler scheduler, SimRandom random)
{
    readonly Dictionary<string, int> _travelling = [];
    readonly List<(SimLane Lane, string Key)> _attempts = [];
    readonly HashSet<(string Key, string Token)> _fenced = [];
    readonly HashSet<string> _mended = [];

    public static IReadOnlyList<SimTool> Tools { get; } =
    [
        new("look", EffectClass.ReadOnly, IsRemote: false, Probes: false, Fences: false, Parallel: true),
        new("put", EffectClass.Idempotent, IsRemote: true, Probes: false, Fences: false, Parallel: true),
        new("mail", EffectClass.AtMostOnce, IsRemote: true, Probes: false, Fences: false, Parallel: false),
        new("note", EffectClass.AtMostOnce, IsRemote: false, Probes: true, Fences: false, Parallel: true),
        new("pay", EffectClass.AtMostOnce, IsRemote: true, Probes: true, Fences: true, Parallel: true),
    ];

    public List<Arrival> Arrivals { get; } = [];

    public static SimTool Tool(string name) => Tools.First(t => t.Name == name);

    public static string ResultOf(string key) => $"done {key[..12]}";

    /// <summary>Effects of this key that counted.</summary>
    public int Count(string key) => Arrivals.Count(a => a.Key == key && !a.Refused);

    /// <summary>Whether an attempt that may still act on this key lives or is under way.</summary>
    public bool MayStillHappen(string key) =>
        _travelling.GetValueOrDefault(key) > 0 || _attempts.Any(a => a.Key == key && !a.Lane.IsDead);

    public void Begin(SimLane lane, string key) => _attempts.Add((lane, key));

    public void End(SimLane lane, string key) => _attempts.Remove((lane, key));

    /// <summary>The effect happens here and now, or is refused.</summary>
    public bool Arrive(SimTool tool, string key, string bytes, string token)
    {
        var refused = _fenced.Contains((key, token));
        Arrivals.Add(new Arrival(key, tool.Name, tool.Class, bytes, token, scheduler.Elapsed, refused));
        scheduler.Trace.Say("world", $"{tool.Name} {key[..8]} {(refused ? "refused" : "happened")}");
        return !refused;
    }

    /// <summary>The effect travels to the world and the answer back; either may take long, whatever becomes of the sender.</summary>
    public Task<bool> SendAsync(SimTool tool, string key, string bytes, string token)
    {
        var answer = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        _travelling[key] = _travelling.GetValueOrDefault(key) + 1;
        scheduler.After(Journey(), scheduler.World, () =>
        {
            _travelling[key]--;
            var happened = Arrive(tool, key, bytes, token);
            scheduler.After(Journey(), scheduler.World, () => answer.SetResult(happened));
        });
        return answer.Task;
    }

    /// <summary>Asks whether the effect happened; a fencing tool shuts the attempt out with the same answer.</summary>
    public Task<bool> ProbeAsync(SimTool tool, string key, string token)
    {
        var answer = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        scheduler.After(Journey(), scheduler.World, () =>
        {
            var happened = Count(key) > 0;
            if (!happened && tool.Fences)
            {
                _fenced.Add((key, token));
            }

            scheduler.Trace.Say("world", $"probe {tool.Name} {key[..8]}: {(happened ? "happened" : "absent")}");
            scheduler.After(Journey(), scheduler.World, () => answer.SetResult(happened));
        });
        return answer.Task;
    }

    /// <summary>What keeps failing until somebody mends it.</summary>
    public bool IsBroken(string what) => !_mended.Contains(what);

    public void Mend(string what) => _mended.Add(what);

    TimeSpan Journey() => random.Chance(0.08)
        ? random.Between(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(25))
        : random.Between(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(80));
}
