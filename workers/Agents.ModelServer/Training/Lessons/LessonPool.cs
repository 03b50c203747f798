using System.Runtime.InteropServices;

namespace Agents.ModelServer.Training.Lessons;

/// <summary>Tokens of an example, and for each 1 when it is to be learnt, else 0.</summary>
public sealed record LessonExample(ushort[] Tokens, byte[] Weights);

/// <summary>Blocks of examples kept as files, so that they are made once however often they are learnt from.</summary>
/// <param name="folder">Made where it is missing; belongs to one vocabulary, list of words and seed.</param>
/// <param name="blocks">After so many blocks the first comes again; 0: ever new ones.</param>
public sealed class LessonPool(string folder, int blocks)
{
    public int Blocks => blocks;

    internal IReadOnlyList<LessonExample>? Read(ulong number)
    {
        if (!File.Exists(FileOf(number)))
        {
            return null;
        }

        using var reader = new BinaryReader(File.OpenRead(FileOf(number)));
        var examples = new LessonExample[reader.ReadInt32()];
        for (var i = 0; i < examples.Length; i++)
        {
            var length = reader.ReadInt32();
            examples[i] = new LessonExample(MemoryMarshal.Cast<byte, ushort>(reader.ReadBytes(length * 2)).ToArray(), reader.ReadBytes(length));
        }

        return examples;
    }

    internal void Keep(ulong number, IReadOnlyList<LessonExample> examples)
    {
        Directory.CreateDirectory(folder);
        var half = FileOf(number) + ".new";
        using (var writer = new BinaryWriter(File.Create(half)))
        {
            writer.Write(examples.Count);
            foreach (var (tokens, weights) in examples)
            {
                writer.Write(tokens.Length);
                writer.Write(MemoryMarshal.AsBytes<ushort>(tokens));
                writer.Write(weights);
            }
        }

        File.Move(half, FileOf(number), overwrite: true);
    }

    string FileOf(ulong number) => Path.Combine(folder, $"{number}.lessons");
}
