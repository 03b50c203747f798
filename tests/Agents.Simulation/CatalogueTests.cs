using Agents.Simulation.Bugs;
using Xunit;

namespace Agents.Simulation;

/// <summary>
/// Every seeded bug is found, by the promise it breaks, within <see cref="Catalogue.SeedsMax"/> seeds. The seed that the
/// catalogue names comes first; AGENTS_SIM_FULL=1 searches from seed 1 as if none were known.
/// </summary>
public sealed class CatalogueTests(ITestOutputHelper output)
{
    public static TheoryData<string> Names => [.. Catalogue.All.Select(e => e.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_seeded_bug_is_found_and_its_seed_passes_without_it(string name)
    {
        var entry = Catalogue.All.Single(e => e.Name == name);
        var full = Environment.GetEnvironmentVariable("AGENTS_SIM_FULL") == "1";
        var all = Enumerable.Range(1, Catalogue.SeedsMax).Select(s => (ulong)s);
        var seed = (full ? all : all.Prepend(entry.Seed)).FirstOrDefault(s => Shows(entry, s));

        Assert.True(seed != 0, $"no seed up to {Catalogue.SeedsMax} shows {name} as a breach of [{entry.Breaks}]");
        Console.WriteLine($"   {name}: seed {seed} breaks [{entry.Breaks}]");
        Assert.Empty(Simulation.Run(seed).Breaches);
    }

    bool Shows(CatalogueEntry entry, ulong seed)
    {
        var found = Simulation.Run(seed, entry.Make());
        if (found.Breaches.Count > 0)
        {
            output.WriteLine($"seed {seed}: {found.Breaches[0]}");
        }

        return found.Breaches.Any(b => b.StartsWith($"[{entry.Breaks}]", StringComparison.Ordinal));
    }
}
