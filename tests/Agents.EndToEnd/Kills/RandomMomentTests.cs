using Xunit;

namespace Agents.EndToEnd.Kills;

/// <summary>kill -9 at moments nobody chose: 5 in the check, all 30 with AGENTS_CHECK_FULL=1.</summary>
public sealed class RandomMomentTests
{
    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    static int Kills => Environment.GetEnvironmentVariable("AGENTS_CHECK_FULL") == "1" ? 30 : 5;

    [Fact]
    public async Task Killed_at_random_moments_the_run_ends_as_if_nothing_had_been()
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var campaign = await KillCampaign.StartAsync(Cancel);
        var unharmed = campaign.NewRun();
        var expected = await KillCampaign.HostAsync(unharmed, null, Cancel);
        var killed = 0;
        for (var tries = 0; killed < Kills; tries++)
        {
            var before = campaign.Recorder.Book.All.Count;
            var run = campaign.NewRun();

            // After some arrival, plus up to a few milliseconds: anywhere in the steps that follow it.
            var arrivals = before + random.Next(1, KillCampaign.Effects / 2);
            var early = await KillCampaign.HostAsync(run, null, Cancel, killWhen: MomentAsync(campaign, arrivals, random.Next(0, 20)));
            killed += early is null ? 1 : 0;
            var end = await KillCampaign.HostAsync(run, null, Cancel);

            NamedPointTests.AssertWhole(end, expected!, run, unharmed);
            NamedPointTests.AssertOnce(campaign, before);
            Assert.InRange(tries, 0, 3 * Kills); // a run that ended before its moment came counts for no kill
        }
    }

    static async Task MomentAsync(KillCampaign campaign, int arrivals, int milliseconds)
    {
        await campaign.Recorder.Book.WaitForAsync(arrivals, Cancel);

        // Not a wait for something to be ready: the moment itself is what is random.
        await Task.Delay(milliseconds, Cancel);
    }
}
