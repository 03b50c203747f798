namespace Agents.Client.Jobs;

/// <summary>Finds the word that was probably meant.</summary>
public static class Spelling
{
    /// <summary>The known word nearest to <paramref name="word"/>, if it is near enough to be a slip; null otherwise.</summary>
    public static string? Nearest(string word, IEnumerable<string> known)
    {
        var best = known
            .Select(k => (Word: k, Distance: Distance(word.ToLowerInvariant(), k.ToLowerInvariant())))
            .OrderBy(k => k.Distance)
            .ThenBy(k => k.Word, StringComparer.Ordinal)
            .FirstOrDefault((Word: "", Distance: int.MaxValue));
        return best.Distance <= Math.Max(2, word.Length / 3) ? best.Word : null;
    }

    static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                var change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                row[j] = Math.Min(change, Math.Min(row[j - 1], above) + 1);
                diagonal = above;
            }
        }

        return row[^1];
    }
}
