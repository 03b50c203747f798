using System.Text.Json;
using Agents.ModelServer.Gguf;
using Agents.ModelServer.Training.Network;
using Agents.ModelServer.Training.Numerics;

namespace Agents.ModelServer.Training.Learning;

/// <summary>How far a training has come.</summary>
internal sealed record Progress(long Step, long Tokens, ulong NextExample, double Seconds);

/// <summary>Weights, running means and progress in one file, which is either the old one or the new one, whole.</summary>
static class Checkpoint
{
    sealed record Header(ModelShape Shape, Progress Progress);

    public static void Save(string path, Weights weights, Optimizer optimizer, Progress progress)
    {
        using (var file = File.Create(path + ".new"))
        {
            using var writer = new BinaryWriter(file);
            writer.Write(JsonSerializer.Serialize(new Header(weights.Shape, progress)));
            foreach (var floats in (Floats[])[weights.Learned, optimizer.First, optimizer.Second])
            {
                writer.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(floats.Span));
            }

            file.Flush(flushToDisk: true);
        }

        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>Null where there is none; one of another shape is refused.</summary>
    public static Progress? Load(string path, Weights weights, Optimizer? optimizer)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        using var reader = new BinaryReader(File.OpenRead(path));
        var header = JsonSerializer.Deserialize<Header>(reader.ReadString())!;
        if (header.Shape != weights.Shape)
        {
            throw new InvalidDataException($"{path} is of a model of another shape: {header.Shape}");
        }

        foreach (var floats in (Floats?[])[weights.Learned, optimizer?.First, optimizer?.Second])
        {
            if (floats is not null)
            {
                reader.BaseStream.ReadExactly(System.Runtime.InteropServices.MemoryMarshal.AsBytes(floats.Span));
            }
        }

        return header.Progress;
    }
}
