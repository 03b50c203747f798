using System.Text;
using Agents.ModelServer.Generation;
using Agents.ModelServer.Gguf;

namespace Agents.ModelServer.Training.Data;

/// <summary>
/// The hard part of the real task alone: lines of a key and a path, many of them near-duplicates, and questions for keys that
/// are answered with the path, letter by letter. For tests of the trainer, in the byte vocabulary.
/// </summary>
internal sealed class CopySource(ulong seed, int linesMax, int questions) : IExampleSource
{
    const string Letters = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    const int End = 259, User = 260, Assistant = 261;

    public static int VocabularySize => 320;

    public int Next(ulong index, Span<int> tokens, Span<float> weights)
    {
        var chance = new Chance(seed ^ (index * 0xD1342543DE82EF95));
        var lines = Lines(chance);
        var count = 0;
        Put(User, 0, tokens, weights, ref count);
        foreach (var (key, path) in lines)
        {
            Put($"{key} {path}\n", 0, tokens, weights, ref count);
        }

        for (var i = 0; i < questions && count < tokens.Length - 200; i++)
        {
            var (key, path) = lines[chance.Below(lines.Count)];
            Put($"find {key}", 0, tokens, weights, ref count);
            Put(End, 0, tokens, weights, ref count);
            Put(Assistant, 0, tokens, weights, ref count);
            Put(path, 1, tokens, weights, ref count);
            Put(End, 1, tokens, weights, ref count);
            Put(User, 0, tokens, weights, ref count);
        }

        return count;
    }

    List<(string Key, string Path)> Lines(Chance chance)
    {
        var count = 1 + chance.Below(linesMax);
        var lines = new List<(string Key, string Path)>();
        while (lines.Count < count)
        {
            var path = lines.Count > 0 && chance.NextUnit() < 0.5 ? Near(lines[chance.Below(lines.Count)].Path, chance) : Path(chance);
            var key = lines.Count > 0 && chance.NextUnit() < 0.3 ? Near(lines[chance.Below(lines.Count)].Key, chance) : Word(chance, 3, 7);
            if (lines.TrueForAll(l => l.Key != key))
            {
                lines.Add((key, path));
            }
        }

        return lines;
    }

    static string Path(Chance chance) =>
        string.Join('/', Enumerable.Range(0, 1 + chance.Below(4)).Select(_ => Word(chance, 1, 9))) + (chance.NextUnit() < 0.7 ? ".md" : ".txt");

    static string Near(string text, Chance chance)
    {
        var at = chance.Below(text.Length);
        var letter = Letters[chance.Below(Letters.Length)];
        return chance.Below(3) switch
        {
            0 => text[..at] + letter + text[(at + 1)..],
            1 => text[..at] + letter + text[at..],
            _ => text.Length > 3 ? text[..at] + text[(at + 1)..] : text + letter,
        };
    }

    static string Word(Chance chance, int least, int most)
    {
        var text = new StringBuilder();
        for (var i = least + chance.Below(most - least + 1); i > 0; i--)
        {
            text.Append(Letters[chance.Below(chance.NextUnit() < 0.8 ? 26 : Letters.Length)]);
        }

        return text.ToString();
    }

    static void Put(string text, float weight, Span<int> tokens, Span<float> weights, ref int count)
    {
        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            Put(value, weight, tokens, weights, ref count);
        }
    }

    static void Put(int token, float weight, Span<int> tokens, Span<float> weights, ref int count)
    {
        if (count < tokens.Length)
        {
            (tokens[count], weights[count]) = (token, weight);
            count++;
        }
    }

    /// <summary>Tokenizer keys of the vocabulary these examples are in.</summary>
    public static void Describe(GgufWriter file) => ByteVocabulary.Write(file, VocabularySize);
}
