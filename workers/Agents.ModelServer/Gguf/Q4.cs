using System.Buffers.Binary;
using System.Runtime.Intrinsics;

namespace Agents.ModelServer.Gguf;

/// <summary>
/// Q4_0, group-32 symmetric INT4: a 16-bit scale, then 16 bytes; byte j holds weight j in its low half and weight j + 16 in
/// its high half, each plus 8.
/// </summary>
public static class Q4
{
    public const int BlockWeights = 32;
    public const int BlockBytes = 18;

    const int Zero = 8;
    const float Largest = 7f;

    /// <summary>Rounds weights to INT4; their number is a multiple of 32.</summary>
    public static byte[] Pack(ReadOnlySpan<float> weights)
    {
        var packed = new byte[weights.Length / BlockWeights * BlockBytes];
        for (var block = 0; block < weights.Length / BlockWeights; block++)
        {
            var group = weights.Slice(block * BlockWeights, BlockWeights);
            var most = 0f;
            foreach (var weight in group)
            {
                most = Math.Max(most, Math.Abs(weight));
            }

            var scale = (Half)(most / Largest);
            var to = packed.AsSpan(block * BlockBytes, BlockBytes);
            BinaryPrimitives.WriteHalfLittleEndian(to, scale);
            var inverse = (float)scale == 0 ? 0 : 1 / (float)scale;
            for (var j = 0; j < BlockWeights / 2; j++)
            {
                to[2 + j] = (byte)(Code(group[j] * inverse) | (Code(group[j + (BlockWeights / 2)] * inverse) << 4));
            }
        }

        return packed;
    }

    /// <summary>The weights as a model computes with them.</summary>
    public static float[] Unpack(ReadOnlySpan<byte> packed)
    {
        var weights = new float[packed.Length / BlockBytes * BlockWeights];
        for (var block = 0; block < packed.Length / BlockBytes; block++)
        {
            var from = packed.Slice(block * BlockBytes, BlockBytes);
            var scale = (float)BinaryPrimitives.ReadHalfLittleEndian(from);
            for (var j = 0; j < BlockWeights / 2; j++)
            {
                weights[(block * BlockWeights) + j] = ((from[2 + j] & 15) - Zero) * scale;
                weights[(block * BlockWeights) + j + (BlockWeights / 2)] = ((from[2 + j] >> 4) - Zero) * scale;
            }
        }

        return weights;
    }

    /// <summary>What <see cref="Unpack"/> gives for <see cref="Pack"/>, without the bytes between.</summary>
    public static void Round(ReadOnlySpan<float> weights, Span<float> rounded)
    {
        for (var block = 0; block < weights.Length; block += BlockWeights)
        {
            var group = weights.Slice(block, BlockWeights);
            var low = Vector512.Create<float>(group);
            var high = Vector512.Create<float>(group[(BlockWeights / 2)..]);
            var most = Vector512.Max(Vector512.Abs(low), Vector512.Abs(high));
            var eight = Vector256.Max(most.GetLower(), most.GetUpper());
            var four = Vector128.Max(eight.GetLower(), eight.GetUpper());
            var scale = (float)(Half)(MathF.Max(MathF.Max(four[0], four[1]), MathF.Max(four[2], four[3])) / Largest);
            var inverse = scale == 0 ? 0 : 1 / scale;
            Rounded(low * inverse, scale).CopyTo(rounded[block..]);
            Rounded(high * inverse, scale).CopyTo(rounded[(block + (BlockWeights / 2))..]);
        }
    }

    static Vector512<float> Rounded(Vector512<float> codes, float scale) =>
        Vector512.Min(Vector512.Max(Vector512.Round(codes), Vector512.Create((float)-Zero)), Vector512.Create(Largest)) * scale;

    static int Code(float value) => Math.Clamp((int)MathF.Round(value), -Zero, (int)Largest) + Zero;
}
