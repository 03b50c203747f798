namespace Agents.ModelServer.Training.Numerics;

/// <summary>Rotary positions: neighbours in pairs, turned by the position times a frequency.</summary>
internal sealed class Rotation(int width, float frequencyBase, int positions)
{
    readonly float[] _cosines = Table(width, frequencyBase, positions, Math.Cos);
    readonly float[] _sines = Table(width, frequencyBase, positions, Math.Sin);

    /// <summary>Turns a vector in place; backward turns it back, which is also how its gradient goes.</summary>
    public unsafe void Turn(float* vector, int position, bool backward = false)
    {
        var pairs = width / 2;
        var first = position * pairs;
        for (var i = 0; i < pairs; i++)
        {
            var (x, y) = (vector[2 * i], vector[(2 * i) + 1]);
            var cosine = _cosines[first + i];
            var sine = backward ? -_sines[first + i] : _sines[first + i];
            vector[2 * i] = (x * cosine) - (y * sine);
            vector[(2 * i) + 1] = (x * sine) + (y * cosine);
        }
    }

    static float[] Table(int width, float frequencyBase, int positions, Func<double, double> wave)
    {
        var table = new float[positions * (width / 2)];
        for (var p = 0; p < positions; p++)
        {
            for (var i = 0; i < width / 2; i++)
            {
                table[(p * (width / 2)) + i] = (float)wave(p * Math.Pow(frequencyBase, -2.0 * i / width));
            }
        }

        return table;
    }
}
