using System.Diagnostics;
using Agents.ModelServer.Gguf;
using Agents.ModelServer.Native;

namespace Agents.ModelServer.Training.Lessons;

/// <summary>What the trainer's program does about its examples: learns the vocabulary, shows examples, measures their making.</summary>
public static class LessonVerbs
{
    /// <summary>Where files of lessons lie: on memory where there is such a place.</summary>
    public static string Folder(string name) =>
        Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"agents-lessons-{Environment.ProcessId}-{name}");

    /// <summary>The vocabulary that is learnt from and shipped.</summary>
    public static LearntVocabulary Vocabulary()
    {
        using var stream = typeof(LessonVerbs).Assembly.GetManifestResourceStream("vocabulary.json")
            ?? throw new InvalidOperationException("vocabulary.json is not embedded");
        using var reader = new StreamReader(stream);
        return LearntVocabulary.Read(reader.ReadToEnd());
    }

    /// <summary>The library's own tokenizer of that vocabulary; lives as long as the process.</summary>
    public static NativeVocabulary Tokenizer(LearntVocabulary vocabulary)
    {
        var file = Path.Combine(Path.GetTempPath(), $"agents-vocabulary-{Environment.ProcessId}.gguf");
        try
        {
            RandomModel.Write(file, ModelShape.Tiny with { VocabularySize = vocabulary.Size }, seed: 1, vocabulary);
            return NativeModel.Load(ModelLibrary.Load(), file).Vocabulary;
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>
    /// What the model learns from, and what it is tested on: other words, other trees. With a folder, blocks are kept there
    /// and come again after <paramref name="blocks"/> of 1024 examples (0: never).
    /// </summary>
    public static LessonSource Source(NativeVocabulary vocabulary, bool heldOut, ulong seed, string? pool = null, int blocks = 0) => new(
        vocabulary, heldOut ? WordBook.HeldOut : WordBook.Learning, seed, Folder($"{(heldOut ? "test" : "learn")}-{seed}"),
        pool is null ? null : new LessonPool(Path.Combine(pool, $"{(heldOut ? "test" : "learn")}-{seed}"), blocks));

    /// <summary>False when the arguments are of no verb of these.</summary>
    public static async Task<bool> RunAsync(string[] args)
    {
        switch (args)
        {
            case ["vocabulary", var file, ..]:
                await LearnAsync(file);
                return true;
            case ["lessons", .. var rest]:
                await ShowAsync(rest.Length > 0 ? int.Parse(rest[0], System.Globalization.CultureInfo.InvariantCulture) : 3);
                return true;
            case ["tree", var seed, var folder]:
                RandomTree.Make(ulong.Parse(seed, System.Globalization.CultureInfo.InvariantCulture), WordBook.HeldOut, TreeSize.Exam).WriteTo(folder);
                return true;
            case ["mark", var model, .. var rest]:
                await MarkAsync(model, rest.Length > 0 ? int.Parse(rest[0], System.Globalization.CultureInfo.InvariantCulture) : 100);
                return true;
            case ["check", .. var rest]:
                await CheckAsync(
                    rest.Length > 0 ? int.Parse(rest[0], System.Globalization.CultureInfo.InvariantCulture) : 20,
                    rest.Length > 1 ? double.Parse(rest[1], System.Globalization.CultureInfo.InvariantCulture) : 0);
                return true;
            default:
                return false;
        }
    }

    static async Task LearnAsync(string file)
    {
        var learner = new VocabularyLearner();
        await using var player = new LessonPlayer(Folder("vocabulary"), null);
        var words = new List<string>();
        var chance = new Generation.Chance(2024);
        for (var i = 0; i < 150; i++)
        {
            var tree = RandomTree.Make(chance.Next(), WordBook.Learning with { Made = 0 }, TreeSize.Lesson);
            words.AddRange(tree.Files.Keys);
            var job = LessonJob.Named(i % 3 == 0 ? LessonJob.Digest : LessonJob.Audit);
            foreach (var view in (await player.PlayAsync(tree, job, new Mistakes(new Generation.Chance(chance.Next()), 0.1), default)).Views)
            {
                learner.Add(view);
            }
        }

        await File.WriteAllTextAsync(file, learner.Learn(words, merges: 480, phrases: 140, seenMin: 6).ToJson() + "\n");
    }

    static async Task ShowAsync(int count)
    {
        var vocabulary = Tokenizer(Vocabulary());
        await using var source = Source(vocabulary, heldOut: false, seed: 1);
        var watch = Stopwatch.StartNew();
        var block = await source.BlockAsync(0);
        var tokens = block.Sum(e => e.Tokens.Length);
        Console.WriteLine($"{block.Count} examples, {tokens} tokens, {block.Sum(e => e.Weights.Count(w => w > 0))} of them count, "
            + $"longest {block.Max(e => e.Tokens.Length)}, {block.Count(e => e.Tokens.Length > 1024)} beyond 1024, {tokens / watch.Elapsed.TotalSeconds:0} tokens/s");
        foreach (var (ids, weights) in block.Take(count))
        {
            Console.WriteLine("----");
            Console.WriteLine(string.Join('|', ids.Select((t, i) => (weights[i] > 0 ? "" : "~")
                + (vocabulary.IsText(t) ? System.Text.Encoding.Latin1.GetString(vocabulary.Bytes(t)) : $"<{t}>"))));
        }
    }

    static async Task MarkAsync(string file, int examples)
    {
        using var model = NativeModel.Load(ModelLibrary.Load(), file);
        await using var source = new LessonSource(
            model.Vocabulary, WordBook.HeldOut, seed: 77, Folder("mark"), blockExamples: examples);
        var marks = new LessonMarks(model);
        foreach (var example in await source.BlockAsync(0))
        {
            marks.Mark(example);
        }

        foreach (var (before, right, said) in marks.Slips.Take(60))
        {
            Console.WriteLine($"{before} => {right} | said {said}");
        }

        Console.WriteLine($"{marks.Right} of {marks.Replies} replies right, {marks.TokensRight} of {marks.Tokens} tokens");
    }

    static async Task CheckAsync(int trees, double rate)
    {
        await using var player = new LessonPlayer(Folder("check"), Tokenizer(Vocabulary()));
        var watch = Stopwatch.StartNew();
        var (wrong, calls, steps) = (0, 0, 0);
        for (var i = 0; i < trees; i++)
        {
            var tree = RandomTree.Make((ulong)i, WordBook.HeldOut, TreeSize.Exam);
            var audit = await player.PlayAsync(tree, LessonJob.Named(LessonJob.Audit), new Mistakes(new Generation.Chance((ulong)i), rate), default);
            var digest = await player.PlayAsync(tree, LessonJob.Named(LessonJob.Digest), null, default);
            var problems = Exam.Wrong(tree, audit.Output).Concat(Exam.WrongLines(tree, digest.Output)).ToList();
            wrong += problems.Count > 0 ? 1 : 0;
            (calls, steps) = (calls + audit.Run.ToolCalls, steps + audit.Run.Steps);
            Console.WriteLine($"tree {i}: {audit.Run.ToolCalls} calls, {audit.Run.Steps} steps, {audit.Refused} refused, {audit.Run.StopReason} {audit.Run.Answer}; {string.Join("; ", problems.Take(4))}");
        }

        Console.WriteLine($"{trees - wrong} of {trees} right, {calls / trees} calls and {steps / trees} steps each, {watch.Elapsed.TotalSeconds / trees:0.00} s each");
    }
}
