using System.Runtime.Intrinsics;

namespace Agents.ModelServer.Training.Numerics;

/// <summary>Root-mean-square norm of rows, with a gain for each column.</summary>
static unsafe class Norm
{
    const int Wide = Lanes.Wide;

    /// <param name="inverse">Gets, for each row, one over its root mean square.</param>
    public static void Forward(float* from, long distance, float* gain, int rows, int width, float* to, float* inverse)
    {
        for (var r = 0; r < rows; r++)
        {
            var x = from + (r * distance);
            var y = to + ((long)r * width);
            var scale = 1 / MathF.Sqrt((Lanes.Dot(x, x, width) / width) + Gguf.ModelShape.NormFloor);
            inverse[r] = scale;
            var s = Vector512.Create(scale);
            for (var i = 0; i < width; i += Wide)
            {
                (Vector512.Load(x + i) * s * Vector512.Load(gain + i)).Store(y + i);
            }
        }
    }

    /// <summary>Adds to, or writes, the gradient of the input; adds to that of the gain.</summary>
    public static void Backward(
        float* from, long distance, float* gain, float* inverse, float* given, int rows, int width, float* to, long toDistance,
        float* gainGradient, bool add)
    {
        for (var r = 0; r < rows; r++)
        {
            var x = from + (r * distance);
            var dy = given + ((long)r * width);
            var dx = to + (r * toDistance);
            var s = Vector512.Create(inverse[r]);
            Vector512<float> sum = default;
            for (var i = 0; i < width; i += Wide)
            {
                var unit = Vector512.Load(x + i) * s;
                var d = Vector512.Load(dy + i);
                Vector512.FusedMultiplyAdd(d, unit, Vector512.Load(gainGradient + i)).Store(gainGradient + i);
                sum = Vector512.FusedMultiplyAdd(d * Vector512.Load(gain + i), unit, sum);
            }

            var mean = Vector512.Create(Vector512.Sum(sum) / width);
            for (var i = 0; i < width; i += Wide)
            {
                var unit = Vector512.Load(x + i) * s;
                var d = ((Vector512.Load(dy + i) * Vector512.Load(gain + i)) - (unit * mean)) * s;
                (add ? Vector512.Load(dx + i) + d : d).Store(dx + i);
            }
        }
    }
}
