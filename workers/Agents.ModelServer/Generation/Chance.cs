namespace Agents.ModelServer.Generation;

/// <summary>Reproducible chance (SplitMix64): the same seed gives the same draws on every machine and release.</summary>
public sealed class Chance(ulong seed)
{
    ulong _state = seed;

    /// <summary>Draws that belong to one place of a row, independent of those of every other place.</summary>
    public static Chance At(ulong seed, int place) => new(new Chance(seed).Next() ^ new Chance(~(ulong)(uint)place).Next());

    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>From 0 up to but not 1.</summary>
    public double NextUnit() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>From 0 up to but not <paramref name="bound"/>.</summary>
    public int Below(int bound) => (int)(NextUnit() * bound);

    public double NextNormal() =>
        Math.Sqrt(-2 * Math.Log(1 - NextUnit())) * Math.Cos(2 * Math.PI * NextUnit());
}
