using System.Text;

namespace Agents.Bench.Workload;

/// <summary>
/// Text of tool results and model messages. Random: printable characters that JSON carries without escapes, 6.4 bits of
/// chance in each 8-bit character, so nothing compresses it below 0.81. Prose: words with the frequencies of English.
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

    static string Prose()
    {
        var state = 0x2545f491u;
        var words = Enumerable.Range(0, 3000).Select(_ => Word(ref state)).ToArray();
        var pool = new StringBuilder(PoolLength + 16);
        while (pool.Length < PoolLength)
        {
            // Squaring twice makes low numbers frequent, about as Zipf's law does.
            var chance = Next(ref state) / (double)uint.MaxValue;
            pool.Append(words[(int)(chance * chance * chance * (words.Length - 1))]).Append(' ');
        }

        return pool.ToString(0, PoolLength);
    }

    static string Word(ref uint state)
    {
        const string Letters = "eeeeeeeeeeeetttttttttaaaaaaaaooooooooiiiiiiinnnnnnnsssssshhhhhhrrrrrrddddlllluuuccmmwwffggyyppbbvk";
        var word = new char[2 + Next(ref state) % 8];
        for (var i = 0; i < word.Length; i++)
        {
            word[i] = Letters[(int)(Next(ref state) % (uint)Letters.Length)];
        }

        return new string(word);
    }

    static uint Next(ref uint state)
    {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        return state;
    }
}
