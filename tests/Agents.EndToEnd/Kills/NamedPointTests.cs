using Agents.TestKit.Crash;
using Xunit;

namespace Agents.EndToEnd.Kills;

/// <summary>
/// kill -9 at every named point between the intent of an effect and the acknowledgement of its receipt, three passings
/// of each: every effect arrives exactly once and the output is that of an unharmed run, byte for byte.
/// </summary>
public sealed class NamedPointTests
{
    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<CrashPoint> Points => [.. Enum.GetValues<CrashPoint>().Where(p => p != CrashPoint.None)];

    [Theory]
    [MemberData(nameof(Points))]
    public async Task Killed_at_a_point_nothing_is_lost_and_nothing_is_doubled(CrashPoint point)
    {
        await using var campaign = await KillCampaign.StartAsync(Cancel);
        var unharmed = campaign.NewRun();
        var expected = await KillCampaign.HostAsync(unharmed, null, Cancel);
        Assert.Equal("Completed", expected!.Status);
        foreach (var passing in (int[])[1, 2, 3])
        {
            var before = campaign.Recorder.Book.All.Count;
            var run = campaign.NewRun();
            Assert.Null(await KillCampaign.HostAsync(run, $"{point}:{passing}", Cancel));
            var end = await KillCampaign.HostAsync(run, null, Cancel);

            AssertWhole(end, expected, run, unharmed);
            AssertOnce(campaign, before);
        }
    }

    [Fact]
    public async Task A_second_kill_during_recovery_changes_nothing()
    {
        await using var campaign = await KillCampaign.StartAsync(Cancel);
        var unharmed = campaign.NewRun();
        var expected = await KillCampaign.HostAsync(unharmed, null, Cancel);
        CrashPoint[] points = [CrashPoint.MidEffect, CrashPoint.AfterEffect, CrashPoint.BeforeReceiptCommit];
        foreach (var point in points)
        {
            var before = campaign.Recorder.Book.All.Count;
            var run = campaign.NewRun();
            Assert.Null(await KillCampaign.HostAsync(run, $"{point}:2", Cancel));

            // The receipt the probe finds is on its way into the store when the second kill comes.
            Assert.Null(await KillCampaign.HostAsync(run, $"{CrashPoint.BeforeReceiptCommit}:1", Cancel));
            var end = await KillCampaign.HostAsync(run, null, Cancel);

            AssertWhole(end, expected!, run, unharmed);
            AssertOnce(campaign, before);
        }
    }

    [Fact]
    public async Task An_effect_without_a_probe_killed_in_the_middle_waits_in_doubt()
    {
        await using var campaign = await KillCampaign.StartAsync(Cancel);
        var run = campaign.NewRun(withProbe: false);
        Assert.Null(await KillCampaign.HostAsync(run, $"{CrashPoint.MidEffect}:1", Cancel));
        var end = await KillCampaign.HostAsync(run, null, Cancel);

        Assert.Equal(("Running", 1), (end!.Status, end.InDoubt));
        Assert.Single(campaign.Recorder.Book.All);

        // Nor does looking again change its mind.
        Assert.Equal(1, (await KillCampaign.HostAsync(run, null, Cancel))!.InDoubt);
        Assert.Single(campaign.Recorder.Book.All);
    }

    [Fact]
    public async Task Without_the_ledger_check_an_effect_is_doubled()
    {
        await using var campaign = await KillCampaign.StartAsync(Cancel);
        var run = campaign.NewRun();
        Assert.Null(await KillCampaign.HostAsync(run, $"{CrashPoint.AfterEffect}:1", Cancel, withoutLedger: true));
        await KillCampaign.HostAsync(run, null, Cancel, withoutLedger: true);

        Assert.Contains(campaign.Recorder.Book.All.GroupBy(a => a.Key), g => g.Count() > 1);
    }

    internal static void AssertWhole(HostedEnd? end, HostedEnd expected, KilledRun run, KilledRun unharmed)
    {
        Assert.NotNull(end);
        Assert.Equal(("Completed", 0, null), (end.Status, end.InDoubt, end.Parked));
        Assert.Empty(end.Breaches);
        Assert.Equal(unharmed.Lines, run.Lines);
        Assert.Contains("\"toolCalls\":8", end.Output);
        Assert.Contains("\"toolCalls\":8", expected.Output);
    }

    internal static void AssertOnce(KillCampaign campaign, int before)
    {
        var arrivals = campaign.Recorder.Book.All.Skip(before).ToList();
        Assert.Equal(KillCampaign.Effects / 2, arrivals.Count);
        Assert.Equal(
            Enumerable.Range(0, KillCampaign.Effects / 2).Select(i => $$"""{"n":{{2 * i}}}"""), arrivals.Select(a => a.Body));
        Assert.Equal(arrivals.Count, arrivals.Select(a => a.Key).Distinct().Count());
    }
}
