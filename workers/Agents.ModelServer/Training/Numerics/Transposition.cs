using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Agents.ModelServer.Training.Numerics;

/// <summary>Rows and columns of sixteen by sixteen words exchanged.</summary>
static unsafe class Transposition
{
    const int Wide = 16;

    public static void Turn(uint* from, uint* to)
    {
        var aside = stackalloc uint[Wide * Wide];
        for (var four = 0; four < Wide; four += 4)
        {
            // Within each four rows: the four columns of every lane of 128 bits.
            var a = Vector512.Load(from + (four * Wide));
            var b = Vector512.Load(from + ((four + 1) * Wide));
            var c = Vector512.Load(from + ((four + 2) * Wide));
            var d = Vector512.Load(from + ((four + 3) * Wide));
            var ab = Avx512F.UnpackLow(a, b).AsUInt64();
            var cd = Avx512F.UnpackLow(c, d).AsUInt64();
            var abHigh = Avx512F.UnpackHigh(a, b).AsUInt64();
            var cdHigh = Avx512F.UnpackHigh(c, d).AsUInt64();
            Avx512F.UnpackLow(ab, cd).AsUInt32().Store(aside + (four * Wide));
            Avx512F.UnpackHigh(ab, cd).AsUInt32().Store(aside + ((four + 1) * Wide));
            Avx512F.UnpackLow(abHigh, cdHigh).AsUInt32().Store(aside + ((four + 2) * Wide));
            Avx512F.UnpackHigh(abHigh, cdHigh).AsUInt32().Store(aside + ((four + 3) * Wide));
        }

        for (var column = 0; column < 4; column++)
        {
            Lanes(aside, to, column);
        }
    }

    /// <summary>Lane n of the four groups belongs to row 4 n + column of the result.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Lanes(uint* aside, uint* to, int column)
    {
        const byte Even = 0x88, Odd = 0xDD;
        var a = Vector512.Load(aside + (column * Wide));
        var b = Vector512.Load(aside + ((4 + column) * Wide));
        var c = Vector512.Load(aside + ((8 + column) * Wide));
        var d = Vector512.Load(aside + ((12 + column) * Wide));
        var abEven = Avx512F.Shuffle4x128(a, b, Even); // a0 a2 b0 b2
        var abOdd = Avx512F.Shuffle4x128(a, b, Odd);   // a1 a3 b1 b3
        var cdEven = Avx512F.Shuffle4x128(c, d, Even);
        var cdOdd = Avx512F.Shuffle4x128(c, d, Odd);
        Avx512F.Shuffle4x128(abEven, cdEven, Even).Store(to + (column * Wide));        // a0 b0 c0 d0
        Avx512F.Shuffle4x128(abOdd, cdOdd, Even).Store(to + ((4 + column) * Wide));    // a1 b1 c1 d1
        Avx512F.Shuffle4x128(abEven, cdEven, Odd).Store(to + ((8 + column) * Wide));   // a2 b2 c2 d2
        Avx512F.Shuffle4x128(abOdd, cdOdd, Odd).Store(to + ((12 + column) * Wide));    // a3 b3 c3 d3
    }
}
