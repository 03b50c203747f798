using Agents.ModelServer.Gguf;
using Agents.ModelServer.Training.Data;
using Agents.ModelServer.Training.Learning;
using Agents.ModelServer.Training.Lessons;
using Agents.ModelServer.Training.Network;

namespace Agents.ModelServer.Training;

/// <summary>What is learned: a shape, examples to learn from and others to be tested on, and the vocabulary they are in.</summary>
internal sealed record TrainingTask(
    string Name, ModelShape Shape, IExampleSource Lessons, IExampleSource Test, BatchOptions Batches, Action<GgufWriter> Vocabulary,
    Func<int, string> Text)
    : IAsyncDisposable
{
    const ulong TestSeed = 0x7E57;
    const double StrangePart = 0.6;

    static readonly ModelShape s_shape = new()
    {
        Width = 192, Layers = 4, Heads = 4, QueryRank = 96, KeyValueRank = 96, KeyPlain = 32, KeyRotary = 32, ValueWidth = 32, Experts = 8,
        ExpertsUsed = 2, ExpertWidth = 96, DenseWidth = 384, ContextTokens = 8192, RotaryBase = 10_000,
    };

    /// <param name="pool">Folder that keeps lessons for another time; null keeps none.</param>
    public static TrainingTask Named(string name, ulong seed, string? pool) => name switch
    {
        "copy" => new(
            name, s_shape with { VocabularySize = CopySource.VocabularySize }, new CopySource(seed, 12, 4), new CopySource(TestSeed, 12, 4),
            new BatchOptions(), CopySource.Describe, token => token < 256 ? ((char)token).ToString() : $"<{token}>"),
        "jobs" => Jobs(seed, pool),
        _ => throw new ArgumentException($"no task is named {name}; there are jobs and copy", nameof(name)),
    };

    /// <summary>Writes the model file and returns its size in bytes.</summary>
    public long Export(Weights weights, string path)
    {
        var file = new GgufWriter();
        ModelHeader.Write(file, Shape, $"agents-{Name}");
        Vocabulary(file);
        weights.AddTo(file);
        return file.Save(path);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var source in (IExampleSource[])[Lessons, Test])
        {
            if (source is IAsyncDisposable disposable)
            {
                await disposable.DisposeAsync();
            }
        }
    }

    static TrainingTask Jobs(ulong seed, string? pool)
    {
        var learnt = LessonVerbs.Vocabulary();
        var tokenizer = LessonVerbs.Tokenizer(learnt);
        var lessons = LessonVerbs.Source(tokenizer, heldOut: false, seed, pool);
        return new TrainingTask(
            "jobs", s_shape with { VocabularySize = learnt.Size }, new StrangeWords(lessons, [.. Pieces(learnt)], seed, StrangePart),
            LessonVerbs.Source(tokenizer, heldOut: true, TestSeed, pool), new BatchOptions(),
            file => ByteVocabulary.Write(file, learnt.Size, learnt),
            token => tokenizer.IsText(token) ? System.Text.Encoding.Latin1.GetString(tokenizer.Bytes(token)) : $"<{token}>");
    }

    /// <summary>Letters, the bytes of letters beyond ASCII, and what letters merge to, but for the words that decide what is done next.</summary>
    static IEnumerable<int> Pieces(LearntVocabulary learnt)
    {
        string[] meaning = ["ok", "broken", "external", "unknown", "link", "path", "anchor", "error", "symbol", "page", "file"];
        var letters = Enumerable.Range(0, 256).Where(b => char.IsAsciiLetter((char)b) || b >= 128);
        return letters.Concat(learnt.Merges.Index()
            .Where(m => m.Item.All(c => char.IsAsciiLetter(c) || c == ' ') && !meaning.Contains(m.Item.Replace(" ", "", StringComparison.Ordinal)))
            .Select(m => ByteVocabulary.FirstMerge + m.Index));
    }
}
