using System.Text.Json;
using Agents.Contracts.Effects;
using Agents.Host.Composition;

namespace Agents.Host.Proof;

/// <summary>Compares what two runs of one job did to the world.</summary>
static class EffectComparison
{
    /// <summary>AtMostOnce effects only: a repeat of any other is no second effect by definition.</summary>
    public static EffectCounts Count(
        (string Log, IReadOnlyList<LedgerEntry> Ledger) unharmed, (string Log, IReadOnlyList<LedgerEntry> Ledger) killed)
    {
        var expected = Keys(unharmed.Log, unharmed.Ledger, out _);
        var seen = Keys(killed.Log, killed.Ledger, out var doubled);
        var inDoubt = killed.Ledger.Count(e => e.State is LedgerState.InDoubt or LedgerState.Intent);
        return new EffectCounts(
            expected.Count, seen.Count, doubled, Math.Max(0, expected.Count - seen.Count - inDoubt), inDoubt);
    }

    // A tool that died between acting and saying so is known by its receipt, which a probe wrote afterwards.
    static HashSet<string> Keys(string log, IReadOnlyList<LedgerEntry> ledger, out int doubled)
    {
        var sighted = Read(log).Where(e => e.Class == nameof(EffectClass.AtMostOnce)).GroupBy(e => e.Key).ToList();
        doubled = sighted.Sum(g => g.Count() - 1);
        return [.. sighted.Select(g => g.Key), .. ledger.Where(e => e.State == LedgerState.Receipt).Select(e => e.Key)];
    }

    static IEnumerable<SightedEffect> Read(string log) => File.Exists(log)
        ? File.ReadLines(log).Where(l => l.EndsWith('}')).Select(l => JsonSerializer.Deserialize(l, HostJson.Default.SightedEffect)!)
        : [];

    /// <summary>Output files that are not the same in both folders, with what differs.</summary>
    public static IReadOnlyList<string> Differences(string unharmed, string killed, out int files)
    {
        var left = Files(unharmed);
        var right = Files(killed);
        files = left.Count;
        return
        [
            .. left.Except(right).Select(f => $"{f}: missing after the kills"),
            .. right.Except(left).Select(f => $"{f}: only there after the kills"),
            .. left.Intersect(right).Select(f => Compare(f, Path.Combine(unharmed, f), Path.Combine(killed, f))).OfType<string>(),
        ];
    }

    static List<string> Files(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f)).Order(StringComparer.Ordinal)];

    static string? Compare(string name, string left, string right)
    {
        var a = File.ReadAllBytes(left);
        var b = File.ReadAllBytes(right);
        var at = a.AsSpan().CommonPrefixLength(b);
        return at == a.Length && at == b.Length ? null : $"{name}: differs from byte {at} on ({a.Length} and {b.Length} bytes)";
    }
}
