using Agents.Tools.Effects;
using Xunit;

namespace Agents.Tests.Tools;

/// <summary>What worker processes of one folder leave behind, and what can be told from it.</summary>
public sealed class AttemptRecordsTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("agents-records-").FullName;

    [Fact]
    public void An_attempt_of_a_process_that_is_gone_is_gone_for_every_other_one()
    {
        using var other = AttemptRecords.Open(_folder);
        var dead = AttemptRecords.Open(_folder);
        dead.Begin("t1");
        Assert.False(dead.IsGone("t1"));
        Assert.False(other.IsGone("t1"));
        dead.Dispose(); // as a kill does: the lock goes, the file stays

        Assert.True(other.IsGone("t1"));
        using var next = AttemptRecords.Open(_folder);
        Assert.Equal(1, next.Slot);
        Assert.True(next.IsGone("t1"));
        Assert.True(other.IsGone("t1")); // its slot has another holder by now
        Assert.Equal(other.Place, next.Place);
    }

    [Fact]
    public void Nothing_is_known_of_what_was_never_begun_here_or_has_ended()
    {
        var first = AttemptRecords.Open(_folder);
        first.Begin("t1");
        first.Begin("t2");
        first.End("t1");
        first.Dispose();
        using var next = AttemptRecords.Open(_folder);

        Assert.False(next.IsGone("t1"));
        Assert.True(next.IsGone("t2"));
        Assert.False(next.IsGone("t3"));
        next.End("t2");
        Assert.False(next.IsGone("t2"));
    }

    [Fact]
    public void A_line_that_was_cut_off_never_began_and_the_rest_counts()
    {
        var first = AttemptRecords.Open(_folder);
        first.Begin("t1");
        first.Dispose();
        File.AppendAllText(Path.Combine(_folder, "workers", "0.begun"), "b t2");
        using var next = AttemptRecords.Open(_folder);

        Assert.True(next.IsGone("t1"));
        Assert.False(next.IsGone("t2"));
        next.Begin("t3");
        next.Dispose();
        using var third = AttemptRecords.Open(_folder);
        Assert.True(third.IsGone("t1") && third.IsGone("t3"));
    }

    [Fact]
    public void Each_living_process_has_a_slot_of_its_own_and_a_name_nobody_had()
    {
        using var a = AttemptRecords.Open(_folder);
        using var b = AttemptRecords.Open(_folder);

        Assert.Equal((0, 1), (a.Slot, b.Slot));
        Assert.NotEqual(a.Incarnation, b.Incarnation);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
