using Agents.ModelServer.Generation;
using CsCheck;
using Xunit;

namespace Agents.Tests.ModelServer.Generation;

public sealed class BatchPlanTests
{
    [Fact]
    public void Who_speaks_gets_a_token_in_every_batch_beside_a_long_prompt()
    {
        var takes = BatchPlan.Divide([new(5_000, false), new(1, true), new(1, true)], batchMax: 512, promptMax: 64);
        Assert.Equal([64, 1, 1], takes);
    }

    [Fact]
    public void Without_anybody_speaking_a_prompt_gets_the_whole_batch() =>
        Assert.Equal([512], BatchPlan.Divide([new(5_000, false)], batchMax: 512, promptMax: 64));

    [Fact]
    public void A_short_prompt_is_read_beside_a_long_one_that_came_first() =>
        Assert.Equal([54, 10], BatchPlan.Divide([new(5_000, false), new(10, false)], batchMax: 64, promptMax: 64));

    [Fact]
    public void Batches_are_full_bounded_and_starve_nobody() =>
        Gen.Select(Gen.Int[1, 300].Array[1, 12], Gen.Bool.Array[12], Gen.Int[12, 128], Gen.Int[1, 128]).Sample((pending, speaking, batch, prompts) =>
        {
            var wants = pending.Select((p, i) => new SlotWant(speaking[i] ? 1 : p, speaking[i])).ToArray();
            var takes = BatchPlan.Divide(wants, batch, prompts);
            Assert.True(takes.Sum() <= batch);
            Assert.All(wants.Zip(takes), w => Assert.InRange(w.Second, w.First.Speaking ? 1 : 0, w.First.Pending));
            var (read, budget) = (
                wants.Zip(takes).Where(w => !w.First.Speaking).Sum(w => w.Second),
                wants.Any(w => w.Speaking) ? Math.Min(prompts, batch - wants.Count(w => w.Speaking)) : batch);
            Assert.Equal(Math.Min(budget, wants.Where(w => !w.Speaking).Sum(w => w.Pending)), read);
            var oldest = Array.FindIndex(wants, w => !w.Speaking);
            Assert.True(oldest < 0 || takes[oldest] >= Math.Min(wants[oldest].Pending, budget / 2));
        });
}
