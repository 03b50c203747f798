using Agents.ModelServer.Chat;
using Agents.ModelServer.Generation;
using Agents.ModelServer.Native;
using Agents.ModelServer.Training.Lessons;
using Xunit;

namespace Agents.Tests.ModelServer.Lessons;

public sealed class LessonTests
{
    static readonly Lazy<NativeVocabulary> s_vocabulary = new(() => LessonVerbs.Tokenizer(LessonVerbs.Vocabulary()));

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    static LessonPlayer Player(string name) => new(LessonVerbs.Folder($"tests-{name}"), s_vocabulary.Value);

    [Theory]
    [InlineData(LessonJob.Audit, 0.0)]
    [InlineData(LessonJob.Audit, 0.1)]
    [InlineData(LessonJob.Digest, 0.0)]
    public async Task The_scripted_policy_finds_what_a_tree_was_made_to_hold_also_after_slips_of_the_pen(string job, double rate)
    {
        await using var player = Player($"{job}-{rate}");
        for (var seed = 10UL; seed < 12; seed++)
        {
            var tree = RandomTree.Make(seed, WordBook.HeldOut, TreeSize.Exam);
            var lesson = await player.PlayAsync(tree, LessonJob.Named(job), new Mistakes(new Chance(seed), rate), Cancel);

            // No tool can know that a suggestion which exists is not the one that was made, and a slip in mending a slip may be lost.
            var wrong = job == LessonJob.Audit ? Exam.Wrong(tree, lesson.Output) : Exam.WrongLines(tree, lesson.Output);
            Assert.InRange(wrong.Count, 0, rate > 0 ? lesson.Refused / 2 : 0);
            Assert.Equal(rate > 0, lesson.Refused > 0);
            Assert.True(job == LessonJob.Digest || lesson.Run.ToolCalls >= 200);
        }
    }

    [Fact]
    public async Task What_counts_is_what_the_model_says_once_and_slips_never()
    {
        await using var player = Player("weights");
        var tree = RandomTree.Make(3, WordBook.Learning, TreeSize.Lesson);
        var lesson = await player.PlayAsync(tree, LessonJob.Named(LessonJob.Audit), new Mistakes(new Chance(3), 0.2), Cancel);
        var marks = K2Marks.Of(s_vocabulary.Value)!;
        var said = 0;
        foreach (var view in lesson.Views)
        {
            var (tokens, weights) = view.Tokenize(s_vocabulary.Value);
            Assert.Equal(tokens.Length, weights.Length);
            Assert.Equal(0, weights[0]);
            for (var i = 1; i < tokens.Length; i++)
            {
                // A reply that counts begins behind <think> and ends with the mark that ends it.
                Assert.True(weights[i] == 0 || weights[i - 1] == 1 || tokens[i - 1] == s_vocabulary.Value.Special("<think>"));
                Assert.True(weights[i] == 1 || weights[i - 1] == 0 || tokens[i - 1] == marks.End);
                said += weights[i] == 1 && tokens[i] == marks.End ? 1 : 0;
            }
        }

        Assert.InRange(said, lesson.Run.Steps - (2 * lesson.Refused), lesson.Run.Steps - (lesson.Refused / 2));
    }

    [Fact]
    public async Task The_same_number_is_the_same_example()
    {
        const int Block = 40;
        LessonSource Source(string name) => new(s_vocabulary.Value, WordBook.HeldOut, 5, LessonVerbs.Folder($"tests-{name}"), blockExamples: Block);
        await using var one = Source("one");
        await using var two = Source("two");
        var block = await one.BlockAsync(1);
        var (tokens, weights) = (new int[2048], new float[2048]);
        foreach (var index in (int[])[Block, Block + 7, (2 * Block) - 1])
        {
            var length = two.Next((ulong)index, tokens, weights);
            Assert.Equal(block[index - Block].Tokens.Select(t => (int)t), tokens[..length]);
            Assert.Equal(block[index - Block].Weights.Select(w => (float)w), weights[..length]);
        }
    }

    [Theory]
    [InlineData(LessonJob.Audit)]
    [InlineData(LessonJob.Digest)]
    public async Task The_vocabulary_knows_the_default_jobs_by_heart(string job)
    {
        await using var player = Player($"heart-{job}");
        var lesson = await player.PlayAsync(RandomTree.Make(1, WordBook.HeldOut, TreeSize.Lesson), LessonJob.Named(job), null, Cancel);
        var opening = lesson.Views[0].Pieces.TakeWhile(p => p.Text != K2Marks.AssistantName).ToList();

        Assert.InRange(PromptPiece.Tokenize(opening, s_vocabulary.Value).Length, 10, 20);
        Assert.True(opening.Sum(p => p.Text.Length) > 2_000);
        Assert.InRange(lesson.Views.Max(v => v.Tokenize(s_vocabulary.Value).Tokens.Length), 200, 1_400);
    }

    [Theory]
    [InlineData("docs/größe-2.md")]
    [InlineData("../a b/文档.txt#L10")]
    [InlineData("https://example.org/?q=1&x=\\\"y\\\"")]
    public void A_value_is_cut_the_same_way_wherever_it_stands(string value)
    {
        var vocabulary = s_vocabulary.Value;
        var alone = vocabulary.Tokenize(value);
        foreach (var around in (string[])["{\"done\":false,\"item\":{\"kind\":\"link\",\"target\":\"@\",\"from\":\"x.md\"},\"taken\":5,\"pending\":7}",
            "{\"kind\":\"link\",\"target\":\"@\",\"from\":\"x.md\"}", "{\"reference\":\"@\",\"page\":\"x.md\",\"status\":\"ok\"}", "{\"suggestions\":[\"@\"]}"])
        {
            var whole = vocabulary.Tokenize(around.Replace("@", value, StringComparison.Ordinal));
            Assert.True(whole.AsSpan().IndexOf(alone) >= 0, around);
        }
    }
}
