using Agents.Contracts.History;
using Agents.Engine.Store;

namespace Agents.Engine.History;

/// <summary>Finds an instance's input where it is stored: in its ExecutionStarted event.</summary>
public static class StartedInput
{
    /// <summary>In the first history row of an execution; payloads are fetched by hash where the row refers to some.</summary>
    public static string? OfRow(
        ReadOnlyMemory<byte> row, Func<IReadOnlyCollection<string>, IReadOnlyDictionary<string, PayloadRow>> fetch) =>
        Find((payloads, missing) => HistoryCodec.Decode(row, payloads, missing), fetch);

    /// <summary>In an inbox row that has not been consumed yet.</summary>
    public static string? OfEvent(
        ReadOnlyMemory<byte> body, Func<IReadOnlyCollection<string>, IReadOnlyDictionary<string, PayloadRow>> fetch) =>
        Find((payloads, missing) => [HistoryCodec.DecodeOne(body, payloads, missing)], fetch);

    static string? Find(
        Func<IReadOnlyDictionary<string, string>?, ICollection<string>, IReadOnlyList<HistoryEvent>> decode,
        Func<IReadOnlyCollection<string>, IReadOnlyDictionary<string, PayloadRow>> fetch)
    {
        var missing = new List<string>();
        var events = decode(null, missing);
        if (missing.Count > 0)
        {
            var payloads = fetch(missing).ToDictionary(found => found.Key, found => HistoryCodec.ReadPayload(found.Value));
            events = decode(payloads, []);
        }

        return events.OfType<ExecutionStarted>().FirstOrDefault()?.Input;
    }
}
