namespace Agents.Engine.Nodes;

/// <summary>
/// Which nodes share the store with this one, and whose an instance is. Only progress rests on what it says; safety is
/// the fence's: a node that is believed dead and is not commits nothing to an instance that was claimed since.
/// </summary>
public interface IMembership : IAsyncDisposable
{
    /// <summary>Nodes at work as far as this one knows, itself among them. What they own is left to them.</summary>
    IReadOnlyCollection<string> Live { get; }

    /// <summary>How readers here hear of commits there.</summary>
    ICommitNews News { get; }

    /// <summary>Makes this node known to the others, before it claims anything. The membership calls it from then on.</summary>
    Task JoinAsync(IMember node, CancellationToken cancel);

    /// <summary>
    /// May this node claim an instance that <paramref name="owner"/> holds (null: nobody)? If not, whoever it belongs to
    /// looks at it. Asked before each claim; may look again at who is at work.
    /// </summary>
    ValueTask<bool> MayClaimAsync(string instanceId, string? owner, CancellationToken cancel);

    /// <summary>
    /// This node no longer holds the instance. With <paramref name="handedOn"/> there is something to do and another node
    /// is to do it, unless this is the only one.
    /// </summary>
    void Released(string instanceId, bool handedOn);

    /// <summary>From now on this node takes no instance; what it gives up goes to the others.</summary>
    Task RetireAsync(CancellationToken cancel);

    /// <summary>Says that this node has given everything up; the others need not wait to find out.</summary>
    Task LeaveAsync(CancellationToken cancel);
}

/// <summary>What a membership tells its node. Every call returns at once.</summary>
public interface IMember
{
    string NodeId { get; }

    /// <summary>Instances that are hot here; zero is idle.</summary>
    int HotInstances { get; }

    /// <summary>An instance of this node, or one that is to become its own, has something to do.</summary>
    void Wake(string instanceId);

    /// <summary>There may be instances that nobody owns and that have something to do.</summary>
    void LookAround();

    /// <summary>Others have room: that many instances leave, each when nothing of it runs.</summary>
    void HandOver(int instances);

    /// <summary>Another node committed something of the instance, or (<paramref name="released"/>) let go of it.</summary>
    void ChangedElsewhere(string instanceId, bool released);

    /// <summary>The others hold this node for dead and take its instances: it must stop.</summary>
    void DeclaredDead(string why);
}
