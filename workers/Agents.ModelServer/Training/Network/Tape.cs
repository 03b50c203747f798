using Agents.ModelServer.Gguf;
using Agents.ModelServer.Training.Numerics;

namespace Agents.ModelServer.Training.Network;

/// <summary>Everything one thread needs to compute chunks of up to a number of tokens.</summary>
internal sealed class Tape : IDisposable
{
    public Tape(ModelShape shape, int capacity)
    {
        Layers = [.. Enumerable.Range(0, shape.Layers).Select(layer =>
            new LayerTape(shape, capacity, layer == 0 ? shape.DenseWidth : shape.ExpertWidth, layer > 0))];
        Stream = new Floats((long)capacity * shape.Width);
        Normed = new Floats((long)capacity * shape.Width);
        Gradient = new Floats((long)capacity * shape.Width);
        Inverse = new Floats(capacity);
        Taken = [.. Enumerable.Range(1, shape.Layers - 1).Select(_ => new long[shape.Experts])];
    }

    public LayerTape[] Layers { get; }

    public Scratch Scratch { get; } = new();

    public Floats Stream { get; }

    public Floats Normed { get; }

    public Floats Gradient { get; }

    public Floats Inverse { get; }

    /// <summary>How often each expert was taken since the last <see cref="Forget"/>, for each layer that has some.</summary>
    public long[][] Taken { get; }

    public Tally Sum { get; private set; }

    public void Count(Tally tally, int tokens)
    {
        Sum += tally with { Tokens = tokens };
        for (var layer = 1; layer < Layers.Length; layer++)
        {
            var begins = Layers[layer].Begins;
            for (var e = 0; e < begins.Length - 1; e++)
            {
                Taken[layer - 1][e] += begins[e + 1] - begins[e];
            }
        }
    }

    public void Forget()
    {
        Sum = default;
        Array.ForEach(Taken, Array.Clear);
    }

    public void Dispose()
    {
        Array.ForEach(Layers, l => l.Dispose());
        Scratch.Dispose();
        Stream.Dispose();
        Normed.Dispose();
        Gradient.Dispose();
        Inverse.Dispose();
    }
}
