using Agents.ModelServer.Training.Network;
using Agents.ModelServer.Training.Numerics;
using static Agents.ModelServer.Training.Network.Scratch;

namespace Agents.ModelServer.Training.Learning;

/// <summary>
/// The step of a matrix, as Kimi K2 was trained: its momentum with all singular values brought near one, so that rare
/// directions learn as fast as common ones. Five rounds of a quintic Newton-Schulz series do that with products alone.
/// </summary>
internal sealed unsafe class Muon(MatrixKernel kernel)
{
    const int Rounds = 5;
    const float First = 3.4445f;
    const float Third = -4.7750f;
    const float Fifth = 2.0315f;

    /// <summary>Turns a matrix, in place, into its nearest orthogonal one (nearly), times <paramref name="factor"/>.</summary>
    public void Orthogonalise(Scratch scratch, float* matrix, int rows, int columns, float factor)
    {
        var count = (long)rows * columns;
        var (few, many) = (Math.Min(rows, columns), Math.Max(rows, columns));
        var x = scratch.Floats(Room.Hidden, count);
        var scale = (float)(1 / (Math.Sqrt(Lanes.SquareSum(matrix, count)) + 1e-12));
        Put(matrix, rows, columns, x, rows > columns, scale);
        var square = scratch.Floats(Room.Scores, (long)few * few);
        var mixed = scratch.Floats(Room.ScoreGradients, (long)few * few);
        for (var round = 0; round < Rounds; round++)
        {
            var left = scratch.Bytes(Room.Left, kernel.Bytes(few, many));
            var right = scratch.Bytes(Room.Right, kernel.Bytes(few, many));
            kernel.PackLeft(x, many, few, many, left, many);
            kernel.PackRight(x, many, few, many, right, many);
            kernel.Multiply(left, many, right, many, few, few, many, square, few, add: false);

            // Symmetric, so either packing is its transpose.
            kernel.PackLeft(square, few, few, few, left, few);
            kernel.PackRight(square, few, few, few, right, few);
            Lanes.Scale(square, mixed, (long)few * few, Third / Fifth);
            kernel.Multiply(left, few, right, few, few, few, few, mixed, few, add: true);
            Lanes.Scale(mixed, mixed, (long)few * few, Fifth);
            kernel.PackLeft(mixed, few, few, few, left, few);
            var stream = scratch.Bytes(Room.RightTurned, kernel.Bytes(many, few));
            kernel.PackRightTurned(x, many, many, few, stream, few);
            Lanes.Scale(x, x, count, First);
            kernel.Multiply(left, few, stream, few, few, many, few, x, many, add: true);
        }

        Put(x, few, many, matrix, rows > columns, factor);
    }

    static void Put(float* from, int rows, int columns, float* to, bool turned, float factor)
    {
        if (!turned)
        {
            Lanes.Scale(from, to, (long)rows * columns, factor);
            return;
        }

        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < columns; c++)
            {
                to[((long)c * rows) + r] = from[((long)r * columns) + c] * factor;
            }
        }
    }
}
