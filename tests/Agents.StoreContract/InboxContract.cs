using Agents.Contracts.Client;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Engine.History;
using Agents.Engine.Store;
using Xunit;

namespace Agents.StoreContract;

public abstract class InboxContract<TSubject> : StoreContract<TSubject> where TSubject : StoreSubject, new()
{
    static readonly EventRaised s_event = new() { Name = "steer", Input = "\"left\"" };

    [Fact]
    public async Task Rows_come_in_the_order_in_which_they_were_accepted()
    {
        var owned = await OwnedAsync("a");
        await SendAsync("a", s_event with { Name = "one" });
        await SendAsync("a", s_event with { Name = "two" });
        var names = (await InboxAsync(owned.Key)).Select(row => HistoryCodec.DecodeOne(row.Message.Body)).ToList();
        Assert.IsType<ExecutionStarted>(names[0]);
        Assert.Equal(["one", "two"], names.OfType<EventRaised>().Select(e => e.Name));
    }

    [Fact]
    public async Task A_row_keeps_its_kind_execution_key_and_time()
    {
        var owned = await OwnedAsync("a");
        var message = new InboxMessage(InboxKind.EffectResolution, "{\"key\":\"k\"}"u8.ToArray(), "exec", "dedup", Now);
        await WriteAsync(new InboxSend("a", message, Now));
        var row = (await InboxAsync(owned.Key))[1].Message;
        Assert.Equal(
            (message.Kind, "exec", "dedup", message.VisibleAt), (row.Kind, row.ExecutionId, row.DedupKey, row.VisibleAt));
        Assert.Equal(message.Body.ToArray(), row.Body.ToArray());
    }

    [Fact]
    public async Task Inbox_row_is_consumed_exactly_once()
    {
        var owned = await OwnedAsync("a");
        var id = Assert.Single(await InboxAsync(owned.Key)).Id;
        Assert.IsType<WriteOutcome.Committed>(await WriteAsync(Turn(owned, 0) with { ConsumedInbox = [id] }));
        Assert.Empty(await InboxAsync(owned.Key));
        Assert.IsType<WriteOutcome.Refused>(await WriteAsync(Turn(owned, 2) with { ConsumedInbox = [id] }));
        Assert.Equal(["event 0"], await EventsAsync(owned.Execution.Key));
    }

    [Fact]
    public async Task A_row_of_another_instance_cannot_be_consumed()
    {
        var owned = await OwnedAsync("a");
        var other = await OwnedAsync("b");
        var id = Assert.Single(await InboxAsync(other.Key)).Id;
        Assert.IsType<WriteOutcome.Refused>(await WriteAsync(Turn(owned, 0) with { ConsumedInbox = [id] }));
        Assert.Single(await InboxAsync(other.Key));
    }

    [Fact]
    public async Task Dedup_key_is_accepted_once()
    {
        var owned = await OwnedAsync("a");
        Assert.Equal(SendOutcome.Accepted, (await SendAsync("a", s_event, "k")).Outcome);
        Assert.Equal(SendOutcome.AlreadyAccepted, (await SendAsync("a", s_event, "k")).Outcome);
        Assert.Equal(2, (await InboxAsync(owned.Key)).Count);
    }

    [Fact]
    public async Task Dedup_key_is_accepted_once_even_after_its_row_was_consumed()
    {
        var owned = await OwnedAsync("a");
        await SendAsync("a", s_event, "k");
        var ids = (await InboxAsync(owned.Key)).Select(row => row.Id).ToList();
        await WriteAsync(Turn(owned, 0) with { ConsumedInbox = ids });
        Assert.Equal(SendOutcome.AlreadyAccepted, (await SendAsync("a", s_event, "k")).Outcome);
        Assert.Empty(await InboxAsync(owned.Key));
    }

    [Fact]
    public async Task The_same_key_is_another_message_for_another_instance()
    {
        await OwnedAsync("a");
        await OwnedAsync("b");
        Assert.Equal(SendOutcome.Accepted, (await SendAsync("a", s_event, "k")).Outcome);
        Assert.Equal(SendOutcome.Accepted, (await SendAsync("b", s_event, "k")).Outcome);
    }

    [Fact]
    public async Task Without_a_key_every_message_is_kept()
    {
        var owned = await OwnedAsync("a");
        await SendAsync("a", s_event);
        await SendAsync("a", s_event);
        Assert.Equal(3, (await InboxAsync(owned.Key)).Count);
    }

    [Fact]
    public async Task Nobody_and_the_finished_are_told_apart()
    {
        Assert.Equal(SendOutcome.NotFound, (await SendAsync("nobody", s_event)).Outcome);
        await CompleteAsync(await OwnedAsync("a"), 0);
        Assert.Equal(SendOutcome.Finished, (await SendAsync("a", s_event)).Outcome);
    }

    [Fact]
    public async Task A_later_row_is_invisible_until_its_time()
    {
        var owned = await OwnedAsync("a");
        await SendAsync("a", s_event, at: Now.AddMinutes(5));
        Assert.Single(await InboxAsync(owned.Key));
        Assert.Equal(Now.AddMinutes(5), await Store.Owner.NextWakeAsync(Cancel));
        Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(2, (await InboxAsync(owned.Key)).Count);
    }

    [Fact]
    public async Task Reading_is_bounded()
    {
        var owned = await OwnedAsync("a");
        await SendAsync("a", s_event);
        await SendAsync("a", s_event);
        Assert.Equal(2, (await Store.Owner.ReadInboxAsync(owned.Key, Now, 2, Cancel)).Count);
    }

    [Fact]
    public async Task A_long_body_brings_its_payload_into_the_lineage()
    {
        var owned = await OwnedAsync("a");
        var text = new string('x', Bound + 1);
        await SendAsync("a", s_event with { Input = text });
        var body = (await InboxAsync(owned.Key))[1].Message.Body;
        var missing = new List<string>();
        HistoryCodec.DecodeOne(body, null, missing);
        var stored = await Store.Owner.ReadPayloadsAsync(owned.LineageKey, missing, Cancel);
        Assert.Equal(text, HistoryCodec.ReadPayload(stored[Assert.Single(missing)]));
        Assert.Empty(await Store.Owner.ReadPayloadsAsync(owned.LineageKey + 1, missing, Cancel));
    }

    [Fact]
    public async Task A_commit_sends_to_others_and_to_itself()
    {
        var owned = await OwnedAsync("a");
        var other = await OwnedAsync("b");
        await WriteAsync(Turn(owned, 0) with
        {
            Sends =
            [
                new InboxSend("a", Message(s_event), Now),
                new InboxSend("b", Message(s_event, "k"), Now),
                new InboxSend("b", Message(s_event, "k"), Now),
                new InboxSend("nobody", Message(s_event), Now),
            ],
        });
        Assert.Equal(2, (await InboxAsync(owned.Key)).Count);
        Assert.Equal(2, (await InboxAsync(other.Key)).Count);
    }

    [Fact]
    public async Task Messages_sent_at_once_by_many_are_all_kept_once()
    {
        var owned = await OwnedAsync("a");
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => SendAsync("a", s_event, $"k{i % 20}")));
        Assert.Equal(20, outcomes.Count(o => o.Outcome == SendOutcome.Accepted));
        Assert.Equal(21, (await InboxAsync(owned.Key)).Select(row => row.Id).Distinct().Count());
    }
}
