namespace Agents.Engine.Nodes;

/// <summary>
/// Lets a reader on one node hear of commits on another. Hints only: whoever is told reads the store, and whoever is not
/// told looks again after the time that <see cref="ListenAsync"/> names.
/// </summary>
public interface ICommitNews
{
    /// <summary>
    /// A reader here waits for the instance. Once this returns, every node that could be reached tells of its commits for
    /// the time returned; null: for ever, there is no other node.
    /// </summary>
    ValueTask<TimeSpan?> ListenAsync(string instanceId, CancellationToken cancel);

    /// <summary>Said of every commit of this node, so it must cost nothing while no other node listens.</summary>
    void Committed(string instanceId);

    /// <summary>This node let go of the instance: it ended, was parked, evicted, or changed hands.</summary>
    void Released(string instanceId);
}
