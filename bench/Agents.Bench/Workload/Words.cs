using System.Text;
using Agents.Bench.Machine;

namespace Agents.Bench.Workload;

/// <summary>
/// Text of tool results and model messages. Random: printable characters that JSON carries without escapes, 6.4 bits of
/// chance in each 8-bit character, so nothing compresses it below 0.81. Prose: the documents of this repository.
/// </summary>
sealed class Words
{
    const int PoolLength = 1 << 20;

    readonly string _pool;

    public Words(bool prose) => _pool = prose ? Prose() : Chance();

    /// <summary>The same text for the same run and step, always.</summary>
    public string Text(string run, int step, int length)
    {
        var hash = 2166136261u ^ (uint)step * 0x85ebca6b;
        foreach (var c in run)
        {
            hash = (hash ^ c) * 16777619;
        }

        return _pool.Substring((int)(hash % (uint)(PoolLength - length)), length);
    }

    static string Chance()
    {
        var letters = string.Concat(Enumerable.Range(32, 95).Select(i => (char)i).Where(c => !"\"\\<>&'+`".Contains(c)));
        var state = 0x9e3779b9u;
        return string.Create(PoolLength, letters, (pool, from) =>
        {
            for (var i = 0; i < pool.Length; i++)
            {
                pool[i] = from[(int)(Next(ref state) % (uint)from.Length)];
            }
        });
    }

    /// <summary>The documents of this repository, one behind the other, again and again: people wrote them.</summary>
    static string Prose()
    {
        var pool = new StringBuilder(PoolLength);
        var documents = Directory.EnumerateFiles(Path.Combine(Checkout.Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Append(Path.Combine(Checkout.Root, "README.md")).Order(StringComparer.Ordinal).Select(File.ReadAllText).ToList();
        while (pool.Length < PoolLength)
        {
            documents.ForEach(d => pool.Append(d));
        }

        return pool.ToString(0, PoolLength);
    }

    static uint Next(ref uint state)
    {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        return state;
    }
}
