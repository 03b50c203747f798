using System.Numerics;

namespace Agents.Engine.History;

/// <summary>A cheap guess, from which byte values occur, whether compression can pay for its time.</summary>
internal static class Compressible
{
    /// <summary>Below this the frame's own header eats the gain.</summary>
    const int BodyBytesMin = 64;

    /// <summary>Random bytes show about 162 different values among 256; text in any language shows far fewer.</summary>
    const int SampleBytes = 256;
    const int DistinctMax = 140;

    public static bool Worthwhile(ReadOnlySpan<byte> body)
    {
        if (body.Length < BodyBytesMin)
        {
            return false;
        }

        // The middle: the ends are envelope, which always looks compressible.
        var sample = body.Length <= SampleBytes ? body : body.Slice((body.Length - SampleBytes) / 2, SampleBytes);
        Span<ulong> seen = stackalloc ulong[4];
        foreach (var value in sample)
        {
            seen[value >> 6] |= 1UL << (value & 63);
        }

        var distinct = 0;
        foreach (var bits in seen)
        {
            distinct += BitOperations.PopCount(bits);
        }

        return distinct <= DistinctMax;
    }
}
