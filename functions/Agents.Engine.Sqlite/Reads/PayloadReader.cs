using Agents.Engine.Sqlite.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite.Reads;

/// <summary>Reads values stored apart, by lineage and hash.</summary>
internal static class PayloadReader
{
    public static Dictionary<string, PayloadRow> Read(Connection connection, long lineage, IEnumerable<string> hashes)
    {
        var found = new Dictionary<string, PayloadRow>(StringComparer.Ordinal);
        foreach (var name in hashes)
        {
            var hash = Convert.FromHexString(name);
            using var rows = connection.Get("ReadPayload").Bind(lineage).Bind(hash.AsSpan()).Query();
            if (rows.Next())
            {
                found[name] = new PayloadRow(hash, rows.Bytes(1), rows.Int(0));
            }
        }

        return found;
    }
}
