using Agents.ModelServer.Generation;
using Agents.ModelServer.Gguf;
using Agents.ModelServer.Training.Network;
using Agents.ModelServer.Training.Numerics;
using Xunit;

namespace Agents.Tests.ModelServer.Training;

/// <summary>Gradients written by hand against differences of the loss itself, tensor by tensor.</summary>
public sealed unsafe class GradientTests
{
    static readonly ModelShape s_shape = new()
    {
        Width = 64, Layers = 3, Heads = 2, QueryRank = 32, KeyValueRank = 32, KeyPlain = 32, KeyRotary = 32, ValueWidth = 32, Experts = 4,
        ExpertsUsed = 2, ExpertWidth = 32, DenseWidth = 64, VocabularySize = 96,
    };

    public static TheoryData<string> Tensors() => [.. ModelTensor.Of(s_shape).Where(t => t.Use != TensorUse.Bias).Select(t => t.Name)];

    [Theory, MemberData(nameof(Tensors))]
    public void The_gradient_of_a_tensor_is_the_slope_of_the_loss(string name)
    {
        using var net = new Net(new FloatKernel());
        using var gradient = new Floats(net.Weights.Count);
        net.Loss(gradient);
        var parameter = net.Weights[name];
        var slopes = Weights.Of(gradient, parameter).ToArray();
        var length = Math.Sqrt(slopes.Sum(g => (double)g * g));
        Assert.True(length > 1e-6, $"{name} has no gradient");

        // Along the gradient, so that the difference is as large as it can be, and along chance.
        var chance = new Chance(7);
        var random = slopes.Select(_ => (float)chance.NextNormal()).ToArray();
        var randomLength = Math.Sqrt(random.Sum(r => (double)r * r));
        foreach (var direction in (float[][])[[.. slopes.Select(g => (float)(g / length))], [.. random.Select(r => (float)(r / randomLength))]])
        {
            const float Step = 1e-3f; // small: a token that changes its expert makes a jump
            var expected = slopes.Zip(direction, (g, d) => (double)g * d).Sum();
            var measured = (Moved(net, parameter, direction, Step) - Moved(net, parameter, direction, -Step)) / (2 * Step);
            Assert.InRange(measured, expected - (0.02 * length) - 1e-3, expected + (0.02 * length) + 1e-3);
        }
    }

    [Fact]
    public void Examples_of_a_chunk_do_not_see_each_other()
    {
        using var together = new Net(new FloatKernel());
        using var apart = new Net(new FloatKernel());
        var all = together.Model.LastLogits(together.Tape, together.Chunk);
        var chunk = new Chunk(256);
        var length = together.Chunk.Example(1).Length + 1;
        Net.Add(chunk, 1, length);
        var one = apart.Model.LastLogits(apart.Tape, chunk);
        Assert.All(one.Zip(all.Skip(s_shape.VocabularySize)), p => Assert.Equal(p.First, p.Second, 1e-4f));
    }

    static double Moved(Net net, Parameter parameter, float[] direction, float step)
    {
        var values = Weights.Of(net.Weights.Learned, parameter);
        var before = values.ToArray();
        for (var i = 0; i < values.Length; i++)
        {
            values[i] += step * direction[i];
        }

        var loss = net.Loss(null);
        before.CopyTo(Weights.Of(net.Weights.Learned, parameter));
        return loss;
    }

    /// <summary>A model of chance and two examples of other lengths, one longer than a block of queries.</summary>
    sealed class Net : IDisposable
    {
        public Net(MatrixKernel kernel)
        {
            Weights.Begin(5);
            var chance = new Chance(6);
            foreach (var parameter in Weights.All.Where(p => p.Tensor.Use != TensorUse.Bias))
            {
                var values = Weights.Of(Weights.Learned, parameter);
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] += (float)chance.NextNormal() * 0.1f;
                }
            }

            Model = new Model(kernel, Weights, 512);
            Weights.Take(rounded: false, threads: 1);
            Model.Pack(1);
            Add(Chunk, 0, 90);
            Add(Chunk, 1, 41);
        }

        public Weights Weights { get; } = new(s_shape);

        public Model Model { get; }

        public Tape Tape { get; } = new(s_shape, 256);

        public Chunk Chunk { get; } = new(256);

        public static void Add(Chunk chunk, ulong seed, int length)
        {
            var chance = new Chance(seed);
            var tokens = Enumerable.Range(0, length).Select(_ => chance.Below(s_shape.VocabularySize)).ToArray();
            var weights = tokens.Select((_, i) => i % 3 == 0 ? 0 : (i % 5 == 0 ? 0.5f : 1)).ToArray();
            Assert.True(chunk.TryAdd(tokens, weights, [.. Enumerable.Range(0, length).Select(i => i + (i > 20 ? 100 : 0))]));
        }

        public double Loss(Floats? gradient)
        {
            Weights.Take(rounded: false, threads: 1);
            Model.Pack(1);
            var tally = Model.Compute(Tape, Chunk, (float)(1 / Chunk.Weight), gradient is null ? null : gradient.At);
            return tally.Loss / tally.Weight;
        }

        public void Dispose()
        {
            Model.Dispose();
            Weights.Dispose();
            Tape.Dispose();
        }
    }
}
