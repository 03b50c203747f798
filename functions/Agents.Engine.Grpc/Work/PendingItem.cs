using Agents.Contracts.Instances;
using Agents.Protocol;

namespace Agents.Engine.Grpc.Work;

/// <summary>A work item from when it is ready until it is answered or taken back. Its fields belong to its broker's lock.</summary>
internal abstract class PendingItem(InstanceId instanceId, ExecutionId executionId, string name, string? version)
{
    public InstanceId InstanceId { get; } = instanceId;

    public ExecutionId ExecutionId { get; } = executionId;

    public string Name { get; } = name;

    public string Version { get; } = version ?? "";

    public abstract WorkKind Kind { get; }

    /// <summary>Of an agent run: for workers of ours, which run its code as this program does.</summary>
    public virtual bool IsAgentWork => false;

    /// <summary>Key of the worker that has most of what it takes in memory already; null: they are all the same.</summary>
    public virtual string? Preferred => null;

    public ItemState State { get; set; }

    /// <summary>Place in the line; kept when the item comes back.</summary>
    public long Order { get; set; }

    /// <summary>Since when no worker has it, or those that were given it gave it back.</summary>
    public DateTimeOffset WaitingSince { get; set; }

    public LinkedListNode<PendingItem>? Node { get; set; }

    /// <summary>The fencing token: new for each delivery, null while the item waits.</summary>
    public string? Token { get; set; }

    public WorkerStream? Holder { get; set; }

    /// <summary>The holder's stream has been given the item.</summary>
    public bool Sent { get; set; }

    /// <summary>An answer is being taken in: whatever becomes of the stream, the item does not go to another worker.</summary>
    public bool Answering { get; set; }

    public int Abandons { get; set; }

    /// <summary>Workers that gave the item back, and until when it is kept from them.</summary>
    public HashSet<WorkerStream> GivenBackBy { get; } = [];

    public DateTimeOffset KeptUntil { get; set; }

    /// <summary>The worker has said that it cannot do this one, whatever its filters are.</summary>
    public virtual bool IsRefusedBy(WorkerStream worker) => false;

    /// <summary>The token of one delivery.</summary>
    public virtual string TokenOf(Guid delivery) => delivery.ToString("N");

    /// <summary>The message for a worker, under the token it was assigned with.</summary>
    public abstract ValueTask<WorkItem> BuildAsync(WorkerStream worker, string token, CancellationToken cancel);
}
