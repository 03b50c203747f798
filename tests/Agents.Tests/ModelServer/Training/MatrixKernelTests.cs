using Agents.ModelServer.Generation;
using Agents.ModelServer.Gguf;
using Agents.ModelServer.Training.Numerics;
using Xunit;

namespace Agents.Tests.ModelServer.Training;

/// <summary>Packed products against the plain definition, on every kernel this machine has.</summary>
public sealed unsafe class MatrixKernelTests
{
    public static TheoryData<int, int, int> Sizes() => new()
    {
        { 32, 32, 32 }, { 64, 96, 128 }, { 1, 1, 1 }, { 33, 31, 65 }, { 100, 8, 40 }, { 5, 70, 200 }, { 95, 161, 17 },
    };

    [Theory, MemberData(nameof(Sizes))]
    public void Floats_give_the_product_from_operands_packed_either_way(int rows, int columns, int depth) =>
        Check(new FloatKernel(), rows, columns, depth, 1e-5);

    [Theory, MemberData(nameof(Sizes))]
    public void Tiles_give_the_product_to_the_precision_of_their_operands(int rows, int columns, int depth)
    {
        Assert.SkipUnless(MatrixKernel.Best is TileKernel, "this machine has no matrix tiles");
        Check(MatrixKernel.Best, rows, columns, depth, 1.0 / 256);
    }

    [Fact]
    public void Rounding_gives_what_a_file_gives_back()
    {
        var chance = new Chance(4);
        var weights = Enumerable.Range(0, 4096).Select(i => (float)chance.NextNormal() * (i < 32 ? 0 : MathF.Pow(10, -(i % 5)))).ToArray();
        var rounded = new float[weights.Length];
        Q4.Round(weights, rounded);
        Assert.Equal(Q4.Unpack(Q4.Pack(weights)), rounded);
    }

    static void Check(MatrixKernel kernel, int rows, int columns, int depth, double precision)
    {
        using var a = Random(rows * depth, 1);
        using var b = Random(columns * depth, 2);
        using var aTurned = Turned(a, rows, depth);
        using var bTurned = Turned(b, columns, depth);
        using var left = new Floats(kernel.Bytes(rows, depth) / 4);
        using var right = new Floats(kernel.Bytes(columns, depth) / 4);
        for (var way = 0; way < 4; way++)
        {
            if (way % 2 == 0)
            {
                kernel.PackLeft(a.At, depth, rows, depth, (byte*)left.At, depth);
            }
            else
            {
                kernel.PackLeftTurned(aTurned.At, rows, rows, depth, (byte*)left.At);
            }

            if (way < 2)
            {
                kernel.PackRight(b.At, depth, columns, depth, (byte*)right.At, depth);
            }
            else
            {
                kernel.PackRightTurned(bTurned.At, columns, columns, depth, (byte*)right.At, depth);
            }

            const int Distance = 300;
            using var to = Random(rows * Distance, 3);
            var before = to.Span.ToArray();
            kernel.Multiply((byte*)left.At, depth, (byte*)right.At, depth, rows, columns, depth, to.At, Distance, add: way > 1);
            for (var r = 0; r < rows; r++)
            {
                for (var c = 0; c < Distance; c++)
                {
                    var kept = before[(r * Distance) + c];
                    var expected = c < columns ? Product(a, b, r, c, depth) + (way > 1 ? kept : 0) : kept;
                    Assert.Equal(expected, to.At[(r * Distance) + c], precision * Math.Max(1, Math.Sqrt(depth)) * 4);
                }
            }
        }
    }

    static double Product(Floats a, Floats b, int row, int column, int depth)
    {
        var sum = 0.0;
        for (var k = 0; k < depth; k++)
        {
            sum += (double)a.At[(row * depth) + k] * b.At[(column * depth) + k];
        }

        return sum;
    }

    static Floats Random(int count, ulong seed)
    {
        var chance = new Chance(seed);
        var floats = new Floats(count);
        foreach (ref var value in floats.Span)
        {
            value = (float)chance.NextNormal();
        }

        return floats;
    }

    static Floats Turned(Floats from, int rows, int columns)
    {
        var to = new Floats(from.Count);
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < columns; c++)
            {
                to.At[(c * rows) + r] = from.At[(r * columns) + c];
            }
        }

        return to;
    }
}
