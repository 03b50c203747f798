using System.Collections.Concurrent;
using System.Diagnostics;
using Agents.Bench.Results;

namespace Agents.Bench.Workload;

/// <summary>
/// When each activity of each run began. From one beginning to the next in the same run is what one durable activity
/// costs: result, commit, turn, hand-out.
/// </summary>
sealed class StepTimes
{
    readonly ConcurrentDictionary<string, List<long>> _runs = new();

    /// <summary>Only one activity of a run is under way at a time, so its list needs no lock.</summary>
    public int Began(string run)
    {
        var times = _runs.GetOrAdd(run, static _ => []);
        times.Add(Stopwatch.GetTimestamp());
        return times.Count;
    }

    public void Clear() => _runs.Clear();

    public Sample Milliseconds() => new(_runs.Values.SelectMany(Gaps));

    /// <summary>Costs of the activities from <paramref name="from"/> to <paramref name="to"/> (from 1) of every run.</summary>
    public IEnumerable<double> Milliseconds(int from, int to) =>
        _runs.Values.SelectMany(times => Gaps(times).Skip(from - 1).Take(to - from + 1));

    static IEnumerable<double> Gaps(List<long> times)
    {
        for (var i = 1; i < times.Count; i++)
        {
            yield return Stopwatch.GetElapsedTime(times[i - 1], times[i]).TotalMilliseconds;
        }
    }
}
