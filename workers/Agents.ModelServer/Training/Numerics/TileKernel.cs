using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Agents.ModelServer.Training.Numerics;

/// <summary>
/// Products in bfloat16 with sums in 32-bit floats on the matrix tiles (AMX) of newer x86-64 processors, some ten times as
/// fast as <see cref="FloatKernel"/>. A packed block holds, for each 32 of the depth, two tiles of 16 lines by 64 bytes.
/// </summary>
internal sealed unsafe class TileKernel : MatrixKernel
{
    const int Wide = 16;
    const int TileBytes = 1024;
    const int StepBytes = 2 * TileBytes;

    readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<long*, void> _product;
    readonly byte* _configuration;

    TileKernel(nint code)
    {
        _product = (delegate* unmanaged[Cdecl, SuppressGCTransition]<long*, void>)code;
        const int ConfigurationBytes = 64, Rows = 48, RowBytes = 16, Tiles = 8;
        _configuration = (byte*)NativeMemory.AlignedAlloc(ConfigurationBytes, ConfigurationBytes);
        NativeMemory.Clear(_configuration, ConfigurationBytes);
        _configuration[0] = 1; // palette
        for (var tile = 0; tile < Tiles; tile++)
        {
            _configuration[RowBytes + (2 * tile)] = 64;
            _configuration[Rows + tile] = 16;
        }
    }

    protected override int ElementBytes => sizeof(ushort);

    /// <summary>Null where the machine has no tiles or the system does not lend them.</summary>
    public static TileKernel? TryCreate() =>
        OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64 && Avx512BW.IsSupported
        && TileCode.HasTiles() && TileCode.TryLoad(out var code) ? new TileKernel(code) : null;

    public override void PackLeft(float* from, long distance, int rows, int depth, byte* to, int whole, int at = 0) =>
        Pack(from, distance, rows, depth, to, whole, at, turn: false);

    public override void PackRight(float* from, long distance, int columns, int depth, byte* to, int whole, int at = 0) =>
        Pack(from, distance, columns, depth, to, whole, at, turn: true);

    public override void PackLeftTurned(float* from, long distance, int rows, int depth, byte* to) =>
        PackTurned(from, distance, rows, depth, to, depth, 0, turn: true);

    public override void PackRightTurned(float* from, long distance, int columns, int depth, byte* to, int whole, int at = 0) =>
        PackTurned(from, distance, columns, depth, to, whole, at, turn: false);

    /// <summary>Lines are rows in memory: a tile line is 32 elements of the depth.</summary>
    void Pack(float* from, long distance, int lines, int depth, byte* to, int whole, int at, bool turn)
    {
        var blockBytes = BlockBytes(whole);
        var aside = stackalloc uint[Wide * Wide];
        for (var line = 0; line < Blocks(lines) * Block; line += Wide)
        {
            var here = Math.Clamp(lines - line, 0, Wide);
            var tile = to + (line / Block * blockBytes) + (at / Block * (long)StepBytes) + (line % Block / Wide * TileBytes);
            for (var k = 0; k < depth; k += Block, tile += StepBytes)
            {
                var rows = turn ? aside : (uint*)tile;
                var first = from + (line * distance) + k;
                if (here == Wide && depth - k >= Block)
                {
                    for (var i = 0; i < Wide; i++, first += distance)
                    {
                        Pairs(Vector512.Load(first), Vector512.Load(first + Wide)).Store(rows + (i * Wide));
                    }
                }
                else
                {
                    for (var i = 0; i < Wide; i++)
                    {
                        (i < here ? Row(first + (i * distance), depth - k) : default).Store(rows + (i * Wide));
                    }
                }

                if (turn)
                {
                    Transposition.Turn(aside, (uint*)tile);
                }
            }
        }
    }

    /// <summary>Lines are columns in memory: two rows are woven into one tile line of pairs.</summary>
    void PackTurned(float* from, long distance, int lines, int depth, byte* to, int whole, int at, bool turn)
    {
        var blockBytes = BlockBytes(whole);
        var aside = stackalloc uint[Wide * Wide];
        for (var line = 0; line < Blocks(lines) * Block; line += Wide)
        {
            var tile = to + (line / Block * blockBytes) + (at / Block * (long)StepBytes) + (line % Block / Wide * TileBytes);
            for (var k = 0; k < depth; k += Block, tile += StepBytes)
            {
                var rows = turn ? aside : (uint*)tile;
                var first = from + (k * distance) + line;
                if (lines - line >= Wide && depth - k >= Block)
                {
                    for (var i = 0; i < Wide; i++, first += 2 * distance)
                    {
                        Weave(Vector512.Load(first), Vector512.Load(first + distance)).Store(rows + (i * Wide));
                    }
                }
                else
                {
                    for (var i = 0; i < Wide; i++, first += 2 * distance)
                    {
                        var even = k + (2 * i) < depth ? Part(first, lines - line) : default;
                        var odd = k + (2 * i) + 1 < depth ? Part(first + distance, lines - line) : default;
                        Weave(even, odd).Store(rows + (i * Wide));
                    }
                }

                if (turn)
                {
                    Transposition.Turn(aside, (uint*)tile);
                }
            }
        }
    }

    protected override void Full(
        byte* left, long leftBytes, byte* right, long rightBytes, int rowBlocks, int columnBlocks, int steps, float* to, long distance, bool add)
    {
        var order = stackalloc long[]
        {
            (long)_configuration, (long)left, (long)right, (long)to, distance * sizeof(float), steps, rowBlocks, columnBlocks, leftBytes,
            rightBytes, add ? 1 : 0,
        };
        _product(order);
    }

    /// <summary>As many floats as there are, up to 32, as 16 pairs.</summary>
    static Vector512<uint> Row(float* from, int count) => Pairs(Part(from, count), Part(from + Wide, count - Wide));

    static Vector512<float> Part(float* from, int count)
    {
        var some = stackalloc float[Wide];
        new Span<float>(some, Wide).Clear();
        for (var i = 0; i < Math.Min(Wide, count); i++)
        {
            some[i] = from[i];
        }

        return Vector512.Load(some);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> Pairs(Vector512<float> low, Vector512<float> high) => Vector512.Create(Short(low), Short(high)).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<ushort> Short(Vector512<float> values) => Avx512F.ConvertToVector256UInt16(Rounded(values) >>> 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> Weave(Vector512<float> even, Vector512<float> odd) =>
        (Rounded(even) >>> 16) | (Rounded(odd) & Vector512.Create(0xFFFF0000u));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> Rounded(Vector512<float> values) => values.AsUInt32() + Vector512.Create(0x8000u);
}
