using Agents.Engine.Postgres.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Postgres.Reads;

/// <summary>Reads values stored apart, by lineage and hash.</summary>
internal static class PayloadReader
{
    public static async Task<Dictionary<string, PayloadRow>> ReadAsync(
        Session session, long lineage, IEnumerable<string> hashes, CancellationToken cancel)
    {
        var wanted = hashes.Select(hash => new ReadOnlyMemory<byte>(Convert.FromHexString(hash))).ToList();
        if (wanted.Count == 0)
        {
            return [];
        }

        var found = await session.QueryAsync(
            session.Call("ReadPayloads").Bind(lineage).Bind(wanted),
            row => new PayloadRow(row.Bytes(0), row.Bytes(2), row.Int(1)),
            cancel);
        return found.ToDictionary(payload => Convert.ToHexStringLower(payload.Hash.Span), StringComparer.Ordinal);
    }
}
