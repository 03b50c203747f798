using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Agents.ModelServer.Training.Numerics;

/// <summary>Sixteen floats at once. Lengths are multiples of 16.</summary>
static unsafe class Lanes
{
    public const int Wide = 16;

    /// <summary>e to that power with an error of 2 units in the last place; 0 below -87.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        const float Log2E = 1.44269504f, LowEnd = -87f, HighEnd = 88f, LnTwoHigh = 0.693359375f, LnTwoLow = -2.12194440e-4f;
        const int Bias = 127, Mantissa = 23;
        var held = Vector512.Min(Vector512.Max(x, Vector512.Create(LowEnd)), Vector512.Create(HighEnd));
        var power = Vector512.Floor(Vector512.FusedMultiplyAdd(held, Vector512.Create(Log2E), Vector512.Create(0.5f)));
        var rest = Vector512.FusedMultiplyAdd(power, Vector512.Create(-LnTwoHigh), held);
        rest = Vector512.FusedMultiplyAdd(power, Vector512.Create(-LnTwoLow), rest);
        var sum = Vector512.FusedMultiplyAdd(Vector512.Create(1.9875691500e-4f), rest, Vector512.Create(1.3981999507e-3f));
        sum = Vector512.FusedMultiplyAdd(sum, rest, Vector512.Create(8.3334519073e-3f));
        sum = Vector512.FusedMultiplyAdd(sum, rest, Vector512.Create(4.1665795894e-2f));
        sum = Vector512.FusedMultiplyAdd(sum, rest, Vector512.Create(1.6666665459e-1f));
        sum = Vector512.FusedMultiplyAdd(sum, rest, Vector512.Create(5.0000001201e-1f));
        sum = Vector512.FusedMultiplyAdd(sum, rest * rest, rest + Vector512<float>.One);
        var scale = ((Vector512.ConvertToInt32(power) + Vector512.Create(Bias)) << Mantissa).AsSingle();
        return Vector512.GreaterThanOrEqual(x, Vector512.Create(LowEnd)) & (sum * scale);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> x) => Vector512<float>.One / (Vector512<float>.One + Exp(-x));

    public static float Dot(float* a, float* b, int length)
    {
        Vector512<float> sum = default, other = default;
        var i = 0;
        for (; i <= length - (2 * Wide); i += 2 * Wide)
        {
            sum = Vector512.FusedMultiplyAdd(Vector512.Load(a + i), Vector512.Load(b + i), sum);
            other = Vector512.FusedMultiplyAdd(Vector512.Load(a + i + Wide), Vector512.Load(b + i + Wide), other);
        }

        for (; i < length; i += Wide)
        {
            sum = Vector512.FusedMultiplyAdd(Vector512.Load(a + i), Vector512.Load(b + i), sum);
        }

        return Vector512.Sum(sum + other);
    }

    /// <summary>to += factor * from</summary>
    public static void Add(float* to, float* from, long length, float factor = 1)
    {
        var f = Vector512.Create(factor);
        for (long i = 0; i < length; i += Wide)
        {
            Vector512.FusedMultiplyAdd(f, Vector512.Load(from + i), Vector512.Load(to + i)).Store(to + i);
        }
    }

    /// <summary>to = factor * from</summary>
    public static void Scale(float* from, float* to, long length, float factor)
    {
        var f = Vector512.Create(factor);
        for (long i = 0; i < length; i += Wide)
        {
            (Vector512.Load(from + i) * f).Store(to + i);
        }
    }

    public static void Copy(float* from, float* to, long length) =>
        Buffer.MemoryCopy(from, to, length * sizeof(float), length * sizeof(float));

    public static double SquareSum(float* values, long length)
    {
        const int Run = 4096;
        var sum = 0.0;
        for (long at = 0; at < length; at += Run)
        {
            sum += Dot(values + at, values + at, (int)Math.Min(Run, length - at));
        }

        return sum;
    }
}
