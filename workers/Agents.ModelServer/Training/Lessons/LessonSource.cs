using Agents.ModelServer.Generation;
using Agents.ModelServer.Training.Data;

namespace Agents.ModelServer.Training.Lessons;

/// <summary>
/// Examples from played lessons, in shuffled blocks; the block that comes next is prepared meanwhile on a thread of its own.
/// </summary>
public sealed class LessonSource : IExampleSource, IAsyncDisposable
{
    public const int BlockExamplesByDefault = 1024;

    const double DigestShare = 0.25;

    readonly IVocabulary _vocabulary;
    readonly WordBook _book;
    readonly ulong _seed;
    readonly LessonPool? _pool;
    readonly LessonPlayer _player;
    readonly Dictionary<ulong, Task<IReadOnlyList<LessonExample>>> _blocks = [];
    Task _work = Task.CompletedTask;

    /// <param name="vocabulary">What texts are tokenized with; used from a thread of its own.</param>
    /// <param name="folder">For the files of the lessons; made and removed. Best on memory.</param>
    /// <param name="pool">Keeps blocks that were made, and may bound how many there are; null: all are made as they are asked for.</param>
    public LessonSource(IVocabulary vocabulary, WordBook book, ulong seed, string folder, LessonPool? pool = null, int blockExamples = BlockExamplesByDefault)
    {
        BlockExamples = blockExamples;
        (_vocabulary, _book, _seed, _pool) = (vocabulary, book, seed, pool);
        _player = new LessonPlayer(folder, vocabulary);
    }

    public int BlockExamples { get; }

    public int Next(ulong index, Span<int> tokens, Span<float> weights)
    {
        var number = Number(index);
        var block = Of(number).GetAwaiter().GetResult();
        var next = Number(index + (ulong)BlockExamples);
        foreach (var old in _blocks.Keys.Where(k => k != number && k != next).ToList())
        {
            _blocks.Remove(old);
        }

        _ = Of(next);
        var (ids, counts) = block[(int)(index % (ulong)BlockExamples)];
        var length = Math.Min(ids.Length, tokens.Length);
        for (var i = 0; i < length; i++)
        {
            tokens[i] = ids[i];
            weights[i] = counts[i];
        }

        return length;
    }

    /// <summary>All examples of a block, for who wants to look at them.</summary>
    public Task<IReadOnlyList<LessonExample>> BlockAsync(ulong number) => Of(number);

    ulong Number(ulong index) => _pool is { Blocks: > 0 } pool ? index / (ulong)BlockExamples % (ulong)pool.Blocks : index / (ulong)BlockExamples;

    public async ValueTask DisposeAsync()
    {
        await _work;
        await _player.DisposeAsync();
    }

    // One after the other: the player is not for two threads.
    Task<IReadOnlyList<LessonExample>> Of(ulong number)
    {
        if (!_blocks.TryGetValue(number, out var block))
        {
            var before = _work;
            _blocks[number] = block = Task.Run(async () =>
            {
                await before;
                if (_pool?.Read(number) is { } kept)
                {
                    return kept;
                }

                var made = await MakeAsync(number);
                _pool?.Keep(number, made);
                return made;
            });
            _work = block;
        }

        return block;
    }

    async Task<IReadOnlyList<LessonExample>> MakeAsync(ulong number)
    {
        var chance = new Chance(_seed ^ (number * 0x9E3779B97F4A7C15));
        var examples = new List<LessonExample>();
        while (examples.Count < BlockExamples)
        {
            var job = LessonJob.Named(chance.NextUnit() < DigestShare ? LessonJob.Digest : LessonJob.Audit);
            var tree = RandomTree.Make(chance.Next(), _book, chance.NextUnit() switch
            {
                < 0.75 => TreeSize.Lesson,
                < 0.96 => TreeSize.Long,
                _ => TreeSize.Longest,
            });
            var rate = chance.NextUnit() < 0.5 ? 0 : chance.NextUnit() * 0.15;
            var lesson = await _player.PlayAsync(tree, job, new Mistakes(new Chance(chance.Next()), rate), CancellationToken.None);
            foreach (var view in lesson.Views)
            {
                var (tokens, weights) = view.Tokenize(_vocabulary);
                examples.Add(new LessonExample([.. tokens.Select(t => (ushort)t)], [.. weights.Select(w => (byte)w)]));
            }
        }

        examples.RemoveRange(BlockExamples, examples.Count - BlockExamples);
        for (var i = examples.Count - 1; i > 0; i--)
        {
            var other = chance.Below(i + 1);
            (examples[i], examples[other]) = (examples[other], examples[i]);
        }

        return examples;
    }
}
