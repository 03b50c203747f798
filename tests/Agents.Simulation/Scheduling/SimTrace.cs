using System.Globalization;

namespace Agents.Simulation.Scheduling;

/// <summary>What happened, as a hash over all of it and the last lines in words.</summary>
sealed class SimTrace(SimScheduler scheduler)
{
    const int KeptMax = 120;
    readonly Queue<string> _last = new();

    public ulong Hash { get; private set; } = 14695981039346656037UL;

    /// <summary>Set to see every line as it is made.</summary>
    public Action<string>? Echo { get; set; }

    public void Mix(long value) => Hash = (Hash ^ (ulong)value) * 1099511628211UL;

    public void Say(string who, string what)
    {
        foreach (var c in what)
        {
            Mix(c);
        }

        var line = string.Create(
            CultureInfo.InvariantCulture, $"{scheduler.Elapsed.TotalSeconds,10:0.0000} {who,-8} {what}");
        Echo?.Invoke(line);
        _last.Enqueue(line);
        if (_last.Count > KeptMax)
        {
            _last.Dequeue();
        }
    }

    /// <summary>What only somebody who watches needs; no part of the hash.</summary>
    public void Detail(string who, Func<string> what) =>
        Echo?.Invoke(string.Create(
            CultureInfo.InvariantCulture, $"{scheduler.Elapsed.TotalSeconds,10:0.0000} {who,-8}   . {what()}"));

    public string Last() => string.Join(Environment.NewLine, _last);
}
