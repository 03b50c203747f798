using Agents.ModelServer.Generation;
using CsCheck;
using Xunit;

namespace Agents.Tests.ModelServer.Generation;

/// <summary>The generator on a model that gives itself away when a sequence holds anything but its conversation.</summary>
public sealed class GeneratorTests
{
    const int Letters = 97;
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    static readonly LetterVocabulary s_letters = new(Letters);

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    static GenerationRequest Request(int[] prompt, int tokens = 20, ulong seed = 1, double temperature = 1) => new()
    {
        Prompt = prompt, TokensMax = tokens, Sampling = new SamplingOptions { Seed = seed, Temperature = temperature },
        Shape = new LetterShape(s_letters),
    };

    static Generator Start(CellModel model, int slots = 4, int context = 200, int queue = 64, int prompts = 16) => new(
        model, s_letters,
        new GeneratorOptions { SlotsMax = slots, ContextTokens = context, QueueMax = queue, PromptTokensPerBatch = prompts }, TimeProvider.System);

    static async Task<(List<int> Tokens, GenerationEvent.Ended End)> ReadAsync(ReplyStream? stream)
    {
        Assert.NotNull(stream);
        var tokens = new List<int>();
        using var late = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        late.CancelAfter(s_patience);
        await foreach (var e in stream.ReadAsync(late.Token))
        {
            if (e is GenerationEvent.Token token)
            {
                tokens.Add(token.Pick.Token);
            }
            else if (e is GenerationEvent.Ended end)
            {
                return (tokens, end);
            }
        }

        throw new InvalidOperationException("the stream ended without saying so");
    }

    [Fact]
    public async Task A_reply_is_the_same_alone_and_beside_others_shared_put_back_and_begun_again()
    {
        // 160 cells for up to four conversations of up to 100 tokens: they share, are forgotten, and give way to each other.
        var chance = new Chance(42);
        var model = new CellModel(cells: 160, sequences: 9, Letters, batch: 32);
        await using var generator = Start(model, slots: 4, context: 100);
        int[] Prompt() => [.. Enumerable.Repeat(5, chance.Below(10)), .. Enumerable.Range(0, 1 + chance.Below(15)).Select(_ => chance.Below(3))];
        for (var round = 0; round < 12; round++)
        {
            var requests = Enumerable.Range(0, 10).Select(_ => Request(Prompt(), 1 + chance.Below(75), chance.Next())).ToList();
            var streams = requests.Select(generator.Submit).ToList();
            for (var i = 0; i < streams.Count; i++)
            {
                var (tokens, end) = await ReadAsync(streams[i]);
                Assert.Equal(CellModel.Expected(requests[i], s_letters, new LetterShape(s_letters)), tokens);
                Assert.Equal(tokens.Count > 0 && s_letters.IsEnd(tokens[^1]) ? "stop" : "length", end.Reason);
                Assert.Equal((requests[i].Prompt.Length, tokens.Count), (end.Usage.PromptTokens, end.Usage.ReplyTokens));
            }
        }

        Assert.True(generator.Figures.Preemptions > 0, "nobody had to give way: the test shows less than it says");
        Assert.True(generator.Figures.CachedTokens > 0);
        Assert.True(model.CellsMost <= 160);
    }

    [Fact]
    public async Task A_reply_goes_on_elsewhere_with_the_tokens_it_would_have_had()
    {
        var chance = new Chance(5);
        await using var generator = Start(new CellModel(cells: 1_000, sequences: 9, Letters));
        for (var round = 0; round < 30; round++)
        {
            var request = Request([.. Enumerable.Range(0, 1 + chance.Below(20)).Select(_ => chance.Below(5))], 60, chance.Next());
            var whole = CellModel.Expected(request, s_letters, new LetterShape(s_letters));
            if (whole.Count < 2)
            {
                continue;
            }

            var shape = new LetterShape(s_letters);
            var cut = 1 + chance.Below(whole.Count - 1);
            var (made, complete) = Continuation.Take(shape, s_letters, whole[..cut])!.Value;
            Assert.False(complete);
            var echo = round % 2 == 0;
            var (tokens, end) = await ReadAsync(generator.Submit(request with { Shape = shape, Reply = [.. whole[..cut]], Echo = echo ? made : [] }));
            Assert.Equal(echo ? whole : whole[cut..], tokens);
            Assert.Equal((request.Prompt.Length, whole.Count), (end.Usage.PromptTokens, end.Usage.ReplyTokens));
        }
    }

    [Fact]
    public async Task A_step_whose_beginning_is_held_computes_only_what_is_new()
    {
        var model = new CellModel(cells: 1_000, sequences: 9, Letters);
        await using var generator = Start(model, context: 500);
        int[] prompt = [.. Enumerable.Range(0, 200).Select(i => i % 50)];
        var (said, _) = await ReadAsync(generator.Submit(Request(prompt, tokens: 10)));
        var before = model.Computed;
        int[] next = [.. prompt, .. said, 7, 7, 7];
        var (_, end) = await ReadAsync(generator.Submit(Request(next, tokens: 1)));
        // The last token of a reply is never computed before somebody goes on from it.
        Assert.Equal(prompt.Length + said.Count - 1, end.Usage.CachedTokens);
        Assert.Equal(next.Length - end.Usage.CachedTokens, model.Computed - before);
    }

    [Fact]
    public async Task Prompts_that_begin_alike_and_arrive_together_are_read_once()
    {
        var model = new CellModel(cells: 2_000, sequences: 9, Letters);
        await using var generator = Start(model, slots: 4, context: 500);
        int[] head = [.. Enumerable.Range(0, 300).Select(i => i % 50)];
        var streams = Enumerable.Range(0, 4).Select(i => generator.Submit(Request([.. head, i, i, i], tokens: 2))).ToList();
        foreach (var stream in streams)
        {
            await ReadAsync(stream);
        }

        Assert.True(model.Computed < head.Length * 2, $"{model.Computed} tokens computed");
    }

    [Fact]
    public async Task A_long_prompt_does_not_hold_up_who_speaks()
    {
        var model = new CellModel(cells: 4_000, sequences: 9, Letters, batch: 64);
        var gate = new TaskCompletionSource();
        var mixed = new List<BatchEntry[]>();
        await using var generator = Start(model, context: 1_500, prompts: 16);
        model.Before = batch =>
        {
            gate.Task.Wait(s_patience, CancellationToken.None);
            mixed.Add(batch);
        };
        var first = generator.Submit(Request([9], tokens: 1)); // its batch stands still until the others are there too
        // One that says much, and nothing that could be taken for the prompt beside it.
        var talker = Enumerable.Range(5, 50).Select(i => Request([i, 2, 3], tokens: 60)).First(
            r => CellModel.Expected(r, s_letters, new LetterShape(s_letters)) is { Count: 60 } says && !says.Contains(4));
        var speaking = generator.Submit(talker);
        var reading = generator.Submit(Request([.. Enumerable.Repeat(4, 600)], tokens: 1));
        gate.SetResult();
        await ReadAsync(first);
        await ReadAsync(speaking);
        await ReadAsync(reading);
        var together = mixed.Where(b => b.Any(e => e.Token == 4) && b.Any(e => e.Token != 4)).ToList();
        Assert.InRange(together.Count, 30, 600);
        // One batch reads the first prompt and as much of the second as fits; from then on the bound holds.
        Assert.All(together.Skip(1), b => Assert.InRange(b.Count(e => e.Token == 4), 1, 16));
    }

    [Fact]
    public async Task What_is_cancelled_ends_and_what_it_computed_is_kept()
    {
        var model = new CellModel(cells: 1_000, sequences: 9, Letters);
        await using var generator = Start(model, slots: 1, context: 500);
        var running = generator.Submit(Request([1, 2, 3, 4], tokens: 400, temperature: 0.01))!;
        var waiting = generator.Submit(Request([5, 6], tokens: 400))!;
        waiting.Cancel();
        var (none, cancelled) = await ReadAsync(waiting);
        Assert.Equal(("cancelled", 0), (cancelled.Reason, none.Count));
        await using (var events = running.ReadAsync(Cancel).GetAsyncEnumerator(Cancel))
        {
            Assert.True(await events.MoveNextAsync());
            running.Cancel();
            while (events.Current is not GenerationEvent.Ended)
            {
                Assert.True(await events.MoveNextAsync());
            }

            Assert.Contains(((GenerationEvent.Ended)events.Current).Reason, (string[])["cancelled", "stop", "length"]);
        }

        var (_, end) = await ReadAsync(generator.Submit(Request([1, 2, 3, 4, 5], tokens: 1)));
        Assert.Equal(4, end.Usage.CachedTokens);
    }

    [Fact]
    public async Task One_more_than_may_wait_is_refused()
    {
        var gate = new TaskCompletionSource();
        var model = new CellModel(cells: 1_000, sequences: 9, Letters) { Before = _ => gate.Task.Wait(s_patience, CancellationToken.None) };
        await using var generator = Start(model, slots: 1, queue: 2);
        var taken = Enumerable.Range(0, 3).Select(_ => generator.Submit(Request([1], tokens: 1))).ToList();
        var refused = Request([1]);
        Assert.Null(generator.Submit(refused));
        Assert.True(((LetterShape)refused.Shape).Disposed);
        Assert.Equal(1, generator.Figures.Refusals);
        gate.SetResult();
        foreach (var stream in taken)
        {
            await ReadAsync(stream);
        }

        await ReadAsync(generator.Submit(Request([1], tokens: 1)));
    }

    [Fact]
    public async Task A_model_that_breaks_ends_every_reply_with_the_reason()
    {
        var model = new CellModel(cells: 1_000, sequences: 9, Letters) { Before = _ => throw new InvalidOperationException("no luck") };
        await using var generator = Start(model);
        var streams = Enumerable.Range(0, 3).Select(_ => generator.Submit(Request([1]))).ToList();
        var failures = new List<string?>();
        foreach (var stream in streams.Where(s => s is not null))
        {
            var (_, end) = await ReadAsync(stream);
            Assert.True(end.Reason is "failed" or "stopped", end.Reason);
            failures.Add(end.Failure);
        }

        Assert.Contains(failures, f => f?.Contains("AG4036", StringComparison.Ordinal) == true && f.Contains("no luck", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Ending_the_generator_ends_what_is_in_work_and_refuses_the_rest()
    {
        var model = new CellModel(cells: 1_000, sequences: 9, Letters);
        var generator = Start(model, slots: 1, context: 500);
        var streams = Enumerable.Range(0, 3).Select(_ => generator.Submit(Request([1], tokens: 400, temperature: 0.01))).ToList();
        await generator.DisposeAsync();
        foreach (var stream in streams)
        {
            Assert.NotEqual("failed", (await ReadAsync(stream)).End.Reason);
        }

        Assert.Null(generator.Submit(Request([1])));
    }
}
