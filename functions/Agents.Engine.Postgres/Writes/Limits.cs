using System.Globalization;
using Agents.Engine.History;
using Agents.Engine.Store;

namespace Agents.Engine.Postgres.Writes;

/// <summary>What can be known of a write before it is sent: a server should not be asked to take what it cannot.</summary>
internal static class Limits
{
    public static string? Flaw(StoreWrite write, int bytesMax) => write switch
    {
        InstanceCommit commit => WriteRules.Flaw(commit) ?? Longest(Values(commit), bytesMax),
        InstanceStart start => Longest(Values(start), bytesMax),
        InboxSend send => Longest(Values(send), bytesMax),
        EvidenceWrite evidence => Longest(Values(evidence.Entry), bytesMax),
        InstanceClaim => null,
        _ => $"a write of kind {write.GetType().Name} is not known to this store",
    };

    static string? Longest(IEnumerable<long> lengths, int bytesMax)
    {
        var longest = lengths.DefaultIfEmpty().Max();
        return longest <= bytesMax
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"a value of {longest} bytes is longer than the {bytesMax} that a row may hold");
    }

    static IEnumerable<long> Values(InstanceCommit commit) =>
    [
        commit.Events.Length, Of(commit.CustomStatus), Of(commit.Park), Of(commit.Status?.Output),
        .. commit.Payloads.Select(payload => (long)payload.Compressed.Length),
        .. commit.Ledger.SelectMany(change => Values(change.Entry)),
        .. commit.Deltas.Select(delta => Of(delta.Text)),
        .. commit.Sends.SelectMany(Values),
        .. commit.Starts.SelectMany(Values),
        .. (commit.Next?.Inbox ?? []).SelectMany(Values),
    ];

    static IEnumerable<long> Values(InstanceStart start) =>
    [
        .. start.Inbox.SelectMany(Values),
        .. start.Payloads.Select(payload => (long)payload.Compressed.Length),
        .. (start.Tags ?? new Dictionary<string, string>()).Select(tag => Of(tag.Value)),
        .. start.OnClash is { } clash ? Values(clash) : [],
    ];

    static IEnumerable<long> Values(InboxSend send) => Values(send.Message);

    static IEnumerable<long> Values(InboxMessage message) =>
        [message.Body.Length, .. message.Payloads.Select(payload => (long)payload.Compressed.Length)];

    static IEnumerable<long> Values(Agents.Contracts.Effects.LedgerEntry entry) => [Of(entry.Receipt), Of(entry.Evidence)];

    static long Of(string? text) => text is null ? 0 : LosslessUtf8.ByteCount(text);
}
