namespace Agents.Tools.Running;

/// <summary>Names close to one that does not exist.</summary>
static class NearMiss
{
    const int ShownMax = 3;

    public static string Suggest(string name, IEnumerable<string> known)
    {
        var all = known.ToArray();
        var near = all
            .Select(k => (Name: k, Distance: Distance(name.ToLowerInvariant(), k.ToLowerInvariant())))
            .Where(k => k.Distance <= Math.Max(2, k.Name.Length / 3)
                || k.Name.Contains(name, StringComparison.OrdinalIgnoreCase)
                || (k.Name.Length > 3 && name.Contains(k.Name, StringComparison.OrdinalIgnoreCase)))
            .OrderBy(k => k.Distance).ThenBy(k => k.Name, StringComparer.Ordinal)
            .Take(ShownMax).Select(k => k.Name).ToArray();
        return near.Length > 0 ? $"did you mean {string.Join(" or ", near)}?"
            : all.Length == 0 ? "there are no tools"
            : $"there are: {string.Join(", ", all.Order(StringComparer.Ordinal).Take(40))}";
    }

    static int Distance(string a, string b)
    {
        if (a.Length > 100 || b.Length > 100)
        {
            return int.MaxValue;
        }

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
