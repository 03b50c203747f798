using Agents.Contracts.Work;
using Agents.Protocol;
using Google.Protobuf.Collections;
using Nouns = Agents.Contracts.History;

namespace Agents.Engine.Grpc.Work;

/// <summary>
/// The committed history a turn begins on, as it stood when the turn went out: in memory while it is small, read from
/// the store when it is handed out otherwise.
/// </summary>
internal sealed class PastEvents(
    RemoteSession session, IReadOnlyList<HistoryEvent>? events, long count, long bytes, IHistorySource source)
{
    const int Page = 1_000;

    public long Count => count;

    public long Bytes => bytes;

    public async ValueTask AddToAsync(RepeatedField<HistoryEvent> target, CancellationToken cancel)
    {
        if (events is not null)
        {
            target.Add(events);
            return;
        }

        await foreach (var e in ReadAsync(source, session.Execution, count, session.ToWire, cancel))
        {
            target.Add(e);
        }
    }

    /// <summary>The first <paramref name="count"/> events of an execution, as its workers read them.</summary>
    public static async IAsyncEnumerable<HistoryEvent> ReadAsync(
        IHistorySource source, RemoteExecution execution, long count, Func<Nouns.HistoryEvent, HistoryEvent> toWire,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        var next = 0L;
        while (next < count)
        {
            var page = await source.ReadAsync(
                execution.InstanceId, execution.Generation, next, (int)Math.Min(Page, count - next), cancel);
            if (page.Count == 0)
            {
                yield break;
            }

            foreach (var e in page)
            {
                yield return toWire(e.Event);
            }

            next = page[^1].Sequence + 1;
        }
    }
}
