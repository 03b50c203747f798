using Agents.Engine.Postgres.Database;
using Agents.Engine.Postgres.Reads;
using Agents.Engine.Store;

namespace Agents.Engine.Postgres.Writes;

/// <summary>Takes ownership of an instance.</summary>
internal static class ClaimWriter
{
    public static void Add(Pipeline pipeline, InstanceClaim claim, PendingWrite pending)
    {
        pending.Outcome = new WriteOutcome.Claimed(null);
        pipeline.Add(
            pipeline.Call("Claim").Bind(claim.NodeId).Bind(claim.InstanceKey).Bind(claim.ExpectedEpoch),
            row => pending.Outcome = new WriteOutcome.Claimed(InstanceReader.Instance(row)));
    }
}
