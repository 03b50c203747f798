using System.Runtime.InteropServices;
using Agents.ModelServer.Generation;
using Agents.ModelServer.Gguf;
using Agents.ModelServer.Training.Numerics;

namespace Agents.ModelServer.Training.Network;

/// <summary>A tensor and where it lies among all weights.</summary>
internal sealed record Parameter(ModelTensor Tensor, long Offset);

/// <summary>
/// All weights of a model in one piece: as they are learned, and as they are computed with, which is rounded to INT4 once
/// training is told to. Gradients lie in pieces of the same layout.
/// </summary>
internal sealed unsafe class Weights : IDisposable
{
    readonly Dictionary<string, Parameter> _byName;

    public Weights(ModelShape shape)
    {
        Shape = shape;
        var offset = 0L;
        var all = new List<Parameter>();
        foreach (var tensor in ModelTensor.Of(shape))
        {
            all.Add(new Parameter(tensor, offset));
            offset += (tensor.Count + Lanes.Wide - 1) / Lanes.Wide * Lanes.Wide;
        }

        All = all;
        Count = offset;
        Learned = new Floats(offset);
        Used = new Floats(offset);
        _byName = all.ToDictionary(p => p.Tensor.Name, StringComparer.Ordinal);
    }

    public ModelShape Shape { get; }

    public IReadOnlyList<Parameter> All { get; }

    /// <summary>Floats of all tensors, with what fills them up to whole vectors.</summary>
    public long Count { get; }

    public Floats Learned { get; }

    public Floats Used { get; }

    public Parameter this[string name] => _byName[name];

    /// <summary>Begins anew: small weights, so that every layer first passes on what it is given.</summary>
    public void Begin(ulong seed)
    {
        var chance = new Chance(seed);
        foreach (var parameter in All)
        {
            var values = Of(Learned, parameter);
            var deviation = Deviation(parameter.Tensor);
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = parameter.Tensor.Use switch
                {
                    TensorUse.Gain => 1,
                    TensorUse.Bias => 0,
                    _ => (float)chance.NextNormal() * deviation,
                };
            }
        }

        // A token read and the same token written begin alike, which is where copying begins.
        Of(Learned, this["token_embd.weight"]).CopyTo(Of(Learned, this["output.weight"]));
    }

    /// <summary>Takes the learned weights over into those that are computed with.</summary>
    /// <param name="rounded">Rounds those that are stored as INT4 exactly as they will be stored.</param>
    public void Take(bool rounded, int threads) => Parallel.ForEach(
        All, new ParallelOptions { MaxDegreeOfParallelism = threads }, parameter =>
        {
            var from = Of(Learned, parameter);
            var to = Of(Used, parameter);
            if (rounded && parameter.Tensor.Use == TensorUse.Weights)
            {
                Q4.Round(from, to);
            }
            else
            {
                from.CopyTo(to);
            }
        });

    public static Span<float> Of(Floats weights, Parameter parameter) => new(weights.At + parameter.Offset, parameter.Tensor.Count);

    /// <summary>Adds the tensors to a file, rounded as they were trained to be.</summary>
    public void AddTo(GgufWriter file)
    {
        foreach (var parameter in All)
        {
            file.Add(parameter.Tensor.Name, [.. parameter.Tensor.Shape.Select(l => (long)l)], parameter.Tensor.Kind, () =>
            {
                var values = Of(Learned, parameter);
                return parameter.Tensor.Kind == TensorKind.Q4 ? Q4.Pack(values) : MemoryMarshal.AsBytes(values).ToArray();
            });
        }
    }

    public void Dispose()
    {
        Learned.Dispose();
        Used.Dispose();
    }

    float Deviation(ModelTensor tensor)
    {
        const float Embedding = 0.05f;
        if (!tensor.Name.StartsWith("blk.", StringComparison.Ordinal))
        {
            return Embedding;
        }

        // What is added to the stream begins smaller the more layers add to it. The way keys are stored turns them round.
        var inputs = tensor.Name.Contains("attn_k_b", StringComparison.Ordinal) ? tensor.Shape[1] : tensor.Shape[0];
        var adds = tensor.Name.Contains("attn_output", StringComparison.Ordinal) || tensor.Name.Contains("ffn_down", StringComparison.Ordinal);
        return (adds ? 1 / MathF.Sqrt(2 * Shape.Layers) : 1) * (tensor.Use == TensorUse.Router ? 0.5f : 1) / MathF.Sqrt(inputs);
    }
}
