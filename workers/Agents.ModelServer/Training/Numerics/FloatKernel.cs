using System.Runtime.Intrinsics;

namespace Agents.ModelServer.Training.Numerics;

/// <summary>Products in 32-bit floats on whatever vectors the machine has. A packed block holds, for each depth, its 32 elements.</summary>
internal sealed unsafe class FloatKernel : MatrixKernel
{
    const int Rows = 8;
    const int Wide = 16;

    protected override int ElementBytes => sizeof(float);

    public override void PackLeft(float* from, long distance, int rows, int depth, byte* to, int whole, int at = 0) =>
        Pack(from, distance, 1, rows, depth, (float*)to, whole, at);

    public override void PackLeftTurned(float* from, long distance, int rows, int depth, byte* to) =>
        Pack(from, 1, distance, rows, depth, (float*)to, depth, 0);

    public override void PackRight(float* from, long distance, int columns, int depth, byte* to, int whole, int at = 0) =>
        Pack(from, distance, 1, columns, depth, (float*)to, whole, at);

    public override void PackRightTurned(float* from, long distance, int columns, int depth, byte* to, int whole, int at = 0) =>
        Pack(from, 1, distance, columns, depth, (float*)to, whole, at);

    void Pack(float* from, long line, long step, int lines, int depth, float* to, int whole, int at)
    {
        var blockFloats = BlockBytes(whole) / sizeof(float);
        for (var b = 0; b < Blocks(lines); b++)
        {
            var block = to + (b * blockFloats) + ((long)at * Block);
            var first = from + (b * Block * line);
            var here = Math.Min(Block, lines - (b * Block));
            for (var k = 0; k < Blocks(depth) * Block; k++)
            {
                var element = block + (k * Block);
                for (var i = 0; i < Block; i++)
                {
                    element[i] = i < here && k < depth ? first[(i * line) + (k * step)] : 0;
                }
            }
        }
    }

    protected override void Full(
        byte* left, long leftBytes, byte* right, long rightBytes, int rowBlocks, int columnBlocks, int steps, float* to, long distance, bool add)
    {
        for (var r = 0; r < rowBlocks; r++)
        {
            for (var c = 0; c < columnBlocks; c++)
            {
                for (var i = 0; i < Block; i += Rows)
                {
                    Cell(
                        (float*)(left + (r * leftBytes)) + i, (float*)(right + (c * rightBytes)), steps * Block,
                        to + (((r * Block) + i) * distance) + (c * Block), distance, add);
                }
            }
        }
    }

    /// <summary>Eight rows by 32 columns, held in registers over the depth.</summary>
    static void Cell(float* a, float* b, int depth, float* to, long distance, bool add)
    {
        Vector512<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default, c30 = default, c31 = default;
        Vector512<float> c40 = default, c41 = default, c50 = default, c51 = default, c60 = default, c61 = default, c70 = default, c71 = default;
        for (var k = 0; k < depth; k++, a += Block, b += Block)
        {
            var b0 = Vector512.Load(b);
            var b1 = Vector512.Load(b + Wide);
            var x = Vector512.Create(a[0]);
            c00 = Vector512.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(x, b1, c01);
            x = Vector512.Create(a[1]);
            c10 = Vector512.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(x, b1, c11);
            x = Vector512.Create(a[2]);
            c20 = Vector512.FusedMultiplyAdd(x, b0, c20);
            c21 = Vector512.FusedMultiplyAdd(x, b1, c21);
            x = Vector512.Create(a[3]);
            c30 = Vector512.FusedMultiplyAdd(x, b0, c30);
            c31 = Vector512.FusedMultiplyAdd(x, b1, c31);
            x = Vector512.Create(a[4]);
            c40 = Vector512.FusedMultiplyAdd(x, b0, c40);
            c41 = Vector512.FusedMultiplyAdd(x, b1, c41);
            x = Vector512.Create(a[5]);
            c50 = Vector512.FusedMultiplyAdd(x, b0, c50);
            c51 = Vector512.FusedMultiplyAdd(x, b1, c51);
            x = Vector512.Create(a[6]);
            c60 = Vector512.FusedMultiplyAdd(x, b0, c60);
            c61 = Vector512.FusedMultiplyAdd(x, b1, c61);
            x = Vector512.Create(a[7]);
            c70 = Vector512.FusedMultiplyAdd(x, b0, c70);
            c71 = Vector512.FusedMultiplyAdd(x, b1, c71);
        }

        Put(to, c00, c01, add);
        Put(to + distance, c10, c11, add);
        Put(to + (2 * distance), c20, c21, add);
        Put(to + (3 * distance), c30, c31, add);
        Put(to + (4 * distance), c40, c41, add);
        Put(to + (5 * distance), c50, c51, add);
        Put(to + (6 * distance), c60, c61, add);
        Put(to + (7 * distance), c70, c71, add);
    }

    static void Put(float* to, Vector512<float> low, Vector512<float> high, bool add)
    {
        if (add)
        {
            low += Vector512.Load(to);
            high += Vector512.Load(to + Wide);
        }

        low.Store(to);
        high.Store(to + Wide);
    }
}
