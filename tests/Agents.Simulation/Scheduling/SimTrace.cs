using System.Globalization;

namespace Agents.Simulation.Scheduling;

/// <summary>What happened, as a hash over all of it and the last lines in words.</summary>
sealed class SimTrace(SimScheduler scheduler)
{
    const int KeptMax = 4000;
    const int ShownMax = 40;
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

    /// <summary>
    /// The last lines that have to do with an instance: its own, those of the effects and faults around them, and what
    /// became of the processes. Without one, the last lines there are.
    /// </summary>
    public string Last(string? about)
    {
        string[] always = [" dies", " starts", " freezes", " thaws", " stops", "power loss", "the faults stop", "CHECK"];
        var shown = about is null ? _last
            : _last.Where(l => l.Contains(about, StringComparison.Ordinal)
                || always.Any(w => l.EndsWith(w, StringComparison.Ordinal)) || l.Contains(" CHECK ", StringComparison.Ordinal));
        return string.Join(Environment.NewLine, shown.TakeLast(ShownMax));
    }
}
