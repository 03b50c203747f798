using System.Globalization;
using Xunit;

namespace Agents.Simulation;

/// <summary>Whole systems from seeds. AGENTS_SIM_SEED names the first seed, AGENTS_SIM_COUNT how many.</summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    const int CountDefault = 200;
    const int ProgressEvery = 50;

    [Fact]
    public void Every_promise_holds_in_every_seed()
    {
        var named = Environment.GetEnvironmentVariable("AGENTS_SIM_SEED");
        var first = named is null ? 1UL : ulong.Parse(named, CultureInfo.InvariantCulture);
        var count = Environment.GetEnvironmentVariable("AGENTS_SIM_COUNT") is { } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : named is null ? CountDefault : 1;
        var echo = named is not null && count == 1 ? (Action<string>)output.WriteLine : null;
        var failed = new List<Finding>();
        var (steps, commits, processes, arrivals) = (0L, 0L, 0, 0);
        for (var i = 0; i < count; i++)
        {
            var found = Simulation.Run(first + (ulong)i, echo: echo);
            if (found.Breaches.Count > 0)
            {
                failed.Add(found);
            }

            (steps, commits) = (steps + found.Steps, commits + found.Commits);
            (processes, arrivals) = (processes + found.Processes, arrivals + found.Arrivals);
            if ((i + 1) % ProgressEvery == 0 && i + 1 < count)
            {
                Console.WriteLine($"   {i + 1} of {count} seeds, {failed.Count} of them break a promise");
            }
        }

        Assert.True(failed.Count == 0, Describe(failed));
        Console.WriteLine(
            $"   {count} seeds from {first}: {steps} callbacks, {commits} commits, {processes} processes, {arrivals} effects");
    }

    [Fact]
    public void One_seed_twice_is_the_same_simulation()
    {
        foreach (var seed in new[] { 11UL, 12UL, 13UL })
        {
            Assert.Equal(Simulation.Run(seed).Hash, Simulation.Run(seed).Hash);
        }
    }

    /// <summary>The first in full, of the others what they broke.</summary>
    static string Describe(List<Finding> failed) => failed is not [var first, .. var others] ? "" : string.Join(
        Environment.NewLine,
        [
            $"seed {first.Seed} breaks {first.Breaches[0]}",
            .. first.Breaches.Skip(1).Select(b => $"  and {b}"),
            "what led to it:",
            first.LastEvents,
            $"to see all of it: ./dev sim {first.Seed}",
            .. others.Select(f => $"seed {f.Seed} breaks {f.Breaches[0]}"),
        ]);
}
