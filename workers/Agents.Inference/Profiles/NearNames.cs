namespace Agents.Inference.Profiles;

/// <summary>Names that a person who mistyped may have meant.</summary>
internal static class NearNames
{
    const int SuggestionsMax = 5;

    public static IReadOnlyList<string> Of(string name, IEnumerable<string> known)
    {
        var wanted = Plain(name);
        return [.. known
            .Select(k => (Name: k, Distance: DistanceTo(wanted, k)))
            .Where(k => k.Distance <= Math.Max(2, wanted.Length / 3))
            .OrderBy(k => k.Distance).ThenBy(k => k.Name, StringComparer.Ordinal)
            .Take(SuggestionsMax)
            .Select(k => k.Name)];
    }

    // A part of a name is as good as a typing error; the provider in front of the slash may be left out.
    static int DistanceTo(string wanted, string name)
    {
        var whole = Plain(name);
        var model = Plain(name[(name.IndexOf('/') + 1)..]);
        return wanted.Length >= 3 && whole.Contains(wanted, StringComparison.Ordinal)
            ? 1
            : Math.Min(Edits(wanted, whole), Edits(wanted, model));
    }

    static string Plain(string name) => name.ToLowerInvariant().Replace('_', '-').Replace(' ', '-');

    static int Edits(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(above, row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}
