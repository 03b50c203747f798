using System.Runtime.Intrinsics;
using Agents.ModelServer.Gguf;
using Agents.ModelServer.Training.Network;
using Agents.ModelServer.Training.Numerics;

namespace Agents.ModelServer.Training.Learning;

/// <summary>Rates of learning at their highest.</summary>
internal sealed record OptimizerOptions
{
    /// <summary>Of the matrices between the layers; the step has 0.2 times this as its root mean square.</summary>
    public float MatrixRate { get; init; } = 5e-3f;

    /// <summary>Of embedding, output, gains and routers.</summary>
    public float OtherRate { get; init; } = 3e-3f;

    /// <summary>Part of a weight that is taken off, times the rate.</summary>
    public float Decay { get; init; } = 0.05f;

    /// <summary>Gradients whose length is above are cut to it.</summary>
    public float LengthMax { get; init; } = 1;
}

/// <summary>Muon for the matrices between the layers, AdamW for the rest.</summary>
internal sealed unsafe class Optimizer : IDisposable
{
    const float MatrixMomentum = 0.95f;
    const float MatrixScale = 0.2f;
    const float FirstMoment = 0.9f;
    const float SecondMoment = 0.95f;
    const float Floor = 1e-8f;

    /// <summary>Routers learn more slowly, so that the bias can keep the load of the experts even.</summary>
    const float RouterPart = 0.25f;

    readonly Weights _weights;
    readonly OptimizerOptions _options;
    readonly Muon _muon;
    readonly List<(Parameter Parameter, int Matrix)> _parts = [];
    readonly ThreadLocal<Scratch> _scratch = new(() => new Scratch(), trackAllValues: true);

    public Optimizer(MatrixKernel kernel, Weights weights, OptimizerOptions options)
    {
        _weights = weights;
        _options = options;
        _muon = new Muon(kernel);
        First = new Floats(weights.Count);
        Second = new Floats(weights.Count);
        foreach (var parameter in weights.All.Where(p => p.Tensor.Use != TensorUse.Bias))
        {
            var matrices = IsMatrix(parameter.Tensor) && parameter.Tensor.Shape.Length > 2 ? parameter.Tensor.Shape[2] : 1;
            _parts.AddRange(Enumerable.Range(0, matrices).Select(m => (parameter, m)));
        }
    }

    /// <summary>Running means of gradients and of their squares; kept with the weights.</summary>
    public Floats First { get; }

    public Floats Second { get; }

    /// <summary>Takes a step and returns the length of the gradient, which it uses up.</summary>
    /// <param name="rate">Part of the highest rates, from 0 to 1.</param>
    /// <param name="step">Steps taken before.</param>
    public double Step(Floats gradient, double rate, long step, int threads)
    {
        var length = Math.Sqrt(Lanes.SquareSum(gradient.At, gradient.Count));
        var cut = length > _options.LengthMax ? (float)(_options.LengthMax / length) : 1;
        Parallel.ForEach(_parts, new ParallelOptions { MaxDegreeOfParallelism = threads }, part =>
        {
            if (IsMatrix(part.Parameter.Tensor))
            {
                StepMatrix(part.Parameter, part.Matrix, gradient, cut, (float)rate);
            }
            else
            {
                StepOther(part.Parameter, gradient, cut, (float)rate, step);
            }
        });
        return length;
    }

    public void Dispose()
    {
        First.Dispose();
        Second.Dispose();
        foreach (var scratch in _scratch.Values)
        {
            scratch.Dispose();
        }

        _scratch.Dispose();
    }

    static bool IsMatrix(ModelTensor tensor) => tensor.Use == TensorUse.Weights && tensor.Name.StartsWith("blk.", StringComparison.Ordinal);

    void StepMatrix(Parameter parameter, int matrix, Floats gradient, float cut, float rate)
    {
        int columns = parameter.Tensor.Shape[0], rows = parameter.Tensor.Shape[1];
        var at = parameter.Offset + ((long)matrix * rows * columns);
        float* g = gradient.At + at, momentum = First.At + at, w = _weights.Learned.At + at;
        var (keep, one) = (Vector512.Create(MatrixMomentum), Vector512.Create(cut));
        for (long i = 0; i < (long)rows * columns; i += Lanes.Wide)
        {
            var now = Vector512.Load(g + i) * one;
            var m = (Vector512.Load(momentum + i) * keep) + now;
            m.Store(momentum + i);
            (now + (m * keep)).Store(g + i);
        }

        rate *= _options.MatrixRate;
        _muon.Orthogonalise(_scratch.Value!, g, rows, columns, MatrixScale * MathF.Sqrt(Math.Max(rows, columns)) * rate);
        var less = Vector512.Create(1 - (rate * _options.Decay));
        for (long i = 0; i < (long)rows * columns; i += Lanes.Wide)
        {
            ((Vector512.Load(w + i) * less) - Vector512.Load(g + i)).Store(w + i);
        }
    }

    void StepOther(Parameter parameter, Floats gradient, float cut, float rate, long step)
    {
        rate *= _options.OtherRate * (parameter.Tensor.Use == TensorUse.Router ? RouterPart : 1);
        float* g = gradient.At + parameter.Offset, first = First.At + parameter.Offset, second = Second.At + parameter.Offset;
        var w = _weights.Learned.At + parameter.Offset;
        var less = parameter.Tensor.Use == TensorUse.Gain ? 1 : 1 - (rate * _options.Decay);
        var (firstWhole, secondWhole) = (1 - MathF.Pow(FirstMoment, step + 1), 1 - MathF.Pow(SecondMoment, step + 1));
        for (var i = 0; i < parameter.Tensor.Count; i++)
        {
            var now = g[i] * cut;
            first[i] = (FirstMoment * first[i]) + ((1 - FirstMoment) * now);
            second[i] = (SecondMoment * second[i]) + ((1 - SecondMoment) * now * now);
            w[i] = (w[i] * less) - (rate * (first[i] / firstWhole) / (MathF.Sqrt(second[i] / secondWhole) + Floor));
        }
    }
}
