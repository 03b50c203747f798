using Agents.ModelServer.Generation;
using Agents.ModelServer.Native;
using Agents.ModelServer.Training.Network;
using Agents.ModelServer.Training.Numerics;

namespace Agents.ModelServer.Training;

/// <summary>Whether llama.cpp computes with an exported model what was trained.</summary>
static class Parity
{
    const int Examples = 64;

    /// <summary>
    /// Cosines between the logits of both behind some examples of the test: their mean and the smallest. What is left between
    /// them is that llama.cpp also rounds what it multiplies the weights with, to 8 bits.
    /// </summary>
    public static (double Mean, double Least) Measure(TrainingTask task, Weights weights, string path)
    {
        var room = task.Batches.ExampleMax;
        var tokens = new int[room];
        var counts = new float[room];
        var positions = Enumerable.Range(0, room).ToArray();
        using var model = new Model(new FloatKernel(), weights, room);
        using var tape = new Tape(task.Shape, room);
        weights.Take(rounded: true, threads: 1);
        model.Pack(1);
        using var native = NativeModel.Load(ModelLibrary.Load(), path);
        using var context = new NativeContext(native, new NativeContextOptions { Cells = room, Sequences = 1, BatchMax = room, Threads = 1 });
        var (sum, least) = (0.0, 1.0);
        for (ulong i = 0; i < Examples; i++)
        {
            var length = task.Test.Next(i, tokens, counts);
            var chunk = new Chunk(room);
            chunk.TryAdd(tokens.AsSpan(0, length), counts.AsSpan(0, length), positions.AsSpan(0, length));
            var here = model.LastLogits(tape, chunk);
            context.Remove(0);
            var last = length - 2;
            if (context.Decode([.. Enumerable.Range(0, last + 1).Select(p => new BatchEntry(tokens[p], p, 0, p == last))]) != DecodeOutcome.Done)
            {
                throw new InvalidOperationException($"{path} cannot be computed with");
            }

            var cosine = Cosine(here, context.Logits(last));
            (sum, least) = (sum + cosine, Math.Min(least, cosine));
        }

        return (sum / Examples, least);
    }

    public static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double both = 0, first = 0, second = 0;
        for (var i = 0; i < a.Length; i++)
        {
            both += (double)a[i] * b[i];
            first += (double)a[i] * a[i];
            second += (double)b[i] * b[i];
        }

        return both / Math.Sqrt(first * second);
    }
}
