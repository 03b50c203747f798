using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Replay;
using Agents.TestKit.Replay;
using Xunit;

namespace Agents.Tests.Replay;

public sealed class ExternalEventTests
{
    [Fact]
    public void Names_ignore_case() =>
        Assert.Equal("1", Programs.Started(async c => (await c.WaitForExternalEventRaw("Go")).Input).Raise("gO", "1")
            .Completion!.Result);

    [Fact]
    public void Events_without_a_waiter_are_kept_first_in_first_out()
    {
        var engine = Programs.Started(async c =>
        {
            await c.CallActivityRawAsync("a", null);
            return $"{(await c.WaitForExternalEventRaw("go")).Input}{(await c.WaitForExternalEventRaw("go")).Input}";
        });

        Assert.Equal("12", engine.Raise("go", "1").Raise("GO", "2").Complete(0).Completion!.Result);
    }

    [Fact]
    public void Waiters_are_served_oldest_first()
    {
        var engine = Programs.Started(async c =>
        {
            var (older, newer) = (c.WaitForExternalEventRaw("go"), c.WaitForExternalEventRaw("go"));
            return $"{(await older).Input}{(await newer).Input}";
        });

        Assert.Equal("12", engine.Raise("go", "1").Raise("go", "2").Completion!.Result);
    }

    [Fact]
    public void A_cancelled_waiter_takes_no_event()
    {
        var engine = Programs.Started(async c =>
        {
            using var cancel = new CancellationTokenSource();
            var older = c.WaitForExternalEventRaw("go", cancel.Token);
            var newer = c.WaitForExternalEventRaw("go");
            await c.CallActivityRawAsync("a", null);
            cancel.Cancel();
            Assert.True(older.IsCanceled);
            return (await newer).Input;
        });

        Assert.Equal("1", engine.Complete(0).Raise("go", "1").Completion!.Result);
    }

    [Fact]
    public void A_wait_that_is_cancelled_already_leaves_kept_events_alone()
    {
        var engine = Programs.Started(async c =>
        {
            await c.CallActivityRawAsync("a", null);
            var dead = c.WaitForExternalEventRaw("go", new CancellationToken(canceled: true));
            Assert.True(dead.IsCanceled);
            return (await c.WaitForExternalEventRaw("go")).Input;
        });

        Assert.Equal("1", engine.Raise("go", "1").Complete(0).Completion!.Result);
    }

    [Fact]
    public void An_event_may_be_sent_to_oneself()
    {
        var engine = Programs.Started(async c =>
        {
            c.SendEvent(c.InstanceId, "note", "1");
            return (await c.WaitForExternalEventRaw("note")).Input;
        });

        var sent = Assert.IsType<SendEventAction>(Assert.Single(engine.Actions));
        Assert.Equal(("run-1", "note", "1"), (sent.InstanceId, sent.Name, sent.Input));
        Assert.Equal("1", engine.Raise(sent.Name, sent.Input).Completion!.Result);
    }
}
