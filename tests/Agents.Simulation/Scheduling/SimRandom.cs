namespace Agents.Simulation.Scheduling;

/// <summary>
/// Chance of a simulation: SplitMix64, so that a seed means the same on every machine and every version of .NET.
/// </summary>
sealed class SimRandom(ulong seed)
{
    ulong _state = seed;

    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15UL;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }

    /// <summary>0 to <paramref name="max"/> - 1.</summary>
    public int Below(int max) => (int)(Next() % (ulong)max);

    public int Between(int min, int max) => min + Below(max - min + 1);

    public bool Chance(double probability) => (Next() >> 11) * (1.0 / (1UL << 53)) < probability;

    public TimeSpan Between(TimeSpan min, TimeSpan max) =>
        min + TimeSpan.FromTicks((long)(Next() % (ulong)((max - min).Ticks + 1)));

    public T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    public Guid NextGuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        BitConverter.TryWriteBytes(bytes, Next());
        BitConverter.TryWriteBytes(bytes[8..], Next());
        return new Guid(bytes);
    }

    /// <summary>Another source, which does not disturb this one however much it is used.</summary>
    public SimRandom Fork() => new(Next());

    /// <summary>A number that depends on the text and a seed alone.</summary>
    public static ulong Hash(ulong seed, string text)
    {
        var hash = 14695981039346656037UL ^ seed;
        foreach (var c in text)
        {
            hash = (hash ^ c) * 1099511628211UL;
        }

        return new SimRandom(hash).Next();
    }
}
