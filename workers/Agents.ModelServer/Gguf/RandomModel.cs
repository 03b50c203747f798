using System.Runtime.InteropServices;
using Agents.ModelServer.Generation;

namespace Agents.ModelServer.Gguf;

/// <summary>
/// Writes a model of random weights: built like a real one and as fast, and it says nothing that means anything. For tests
/// and measurements. The same shape and seed give the same bytes.
/// </summary>
public static class RandomModel
{
    /// <summary>Writes the file and returns its size in bytes.</summary>
    /// <param name="vocabulary">Null for bytes and K2's marks alone; else a learnt one that fits the shape's size.</param>
    public static long Write(string path, ModelShape shape, ulong seed, LearntVocabulary? vocabulary = null)
    {
        var file = new GgufWriter();
        ModelHeader.Write(file, shape, "random weights");
        ByteVocabulary.Write(file, shape.VocabularySize, vocabulary);
        var chance = new Chance(seed);
        foreach (var tensor in ModelTensor.Of(shape))
        {
            file.Add(tensor.Name, [.. tensor.Shape.Select(l => (long)l)], tensor.Kind, () => Data(tensor, chance));
        }

        return file.Save(path);
    }

    static byte[] Data(ModelTensor tensor, Chance chance)
    {
        var values = new float[tensor.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = tensor.Use switch
            {
                TensorUse.Gain => 1,
                TensorUse.Bias => 0,
                _ => (float)chance.NextNormal() / MathF.Sqrt(tensor.Shape[0]),
            };
        }

        return tensor.Kind == TensorKind.Q4 ? Q4.Pack(values) : MemoryMarshal.AsBytes<float>(values).ToArray();
    }
}
