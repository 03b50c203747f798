namespace Agents.Replay.Versioning;

/// <summary>Order of orchestration versions: none before any, numbers as numbers, everything else as text.</summary>
public sealed class VersionOrder : IComparer<string?>
{
    public static VersionOrder Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        var (xEmpty, yEmpty) = (string.IsNullOrWhiteSpace(x), string.IsNullOrWhiteSpace(y));
        if (xEmpty || yEmpty)
        {
            return yEmpty.CompareTo(xEmpty);
        }

        // System.Version wants two parts at least; "3" and "10" are meant as numbers too.
        return Version.TryParse(Padded(x!), out var a) && Version.TryParse(Padded(y!), out var b)
            ? a.CompareTo(b)
            : string.Compare(x, y, StringComparison.OrdinalIgnoreCase);
    }

    static string Padded(string version) => version.Contains('.', StringComparison.Ordinal) ? version : version + ".0";
}
