using Agents.Engine.Sqlite.Database;
using Agents.Engine.Sqlite.Reads;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite.Writes;

/// <summary>Takes ownership of an instance.</summary>
internal sealed class ClaimWriter(Connection connection)
{
    public WriteOutcome Write(InstanceClaim claim)
    {
        var claimed = connection.Get("Claim").Bind(claim.NodeId).Bind(claim.InstanceKey).Bind(claim.ExpectedEpoch).Execute();
        return new WriteOutcome.Claimed(claimed == 1 ? InstanceReader.ByKey(connection, claim.InstanceKey) : null);
    }
}
