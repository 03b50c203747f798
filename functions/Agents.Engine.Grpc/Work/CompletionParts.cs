using Agents.Protocol;
using Agents.Protocol.Mapping;

namespace Agents.Engine.Grpc.Work;

/// <summary>
/// Collects a completion that a worker sends in parts, by whole actions. Each delivery starts anew: what an earlier
/// holder sent does not count.
/// </summary>
internal sealed class CompletionParts
{
    readonly List<OrchestratorAction> _actions = [];
    long _bytes;
    int _next;

    /// <summary>
    /// Takes a part; returns all actions once the last has come, null before. Throws <see cref="WireException"/> when a
    /// part is missing or the whole grows over <paramref name="bytesMax"/>. A repeated part is skipped.
    /// </summary>
    public IReadOnlyList<OrchestratorAction>? Take(OrchestratorResponse response, long bytesMax)
    {
        if (!response.IsPartial && response.ChunkIndex is null)
        {
            return response.Actions;
        }

        var index = response.ChunkIndex ?? _next;
        if (index < _next)
        {
            return null;
        }

        if (index > _next)
        {
            throw new WireException($"part {_next} of a completion in parts is missing: part {index} came");
        }

        _bytes += response.CalculateSize();
        if (_bytes > bytesMax)
        {
            throw new WireException($"the parts of the completion hold more than {bytesMax} bytes together");
        }

        _next++;
        _actions.AddRange(response.Actions);
        return response.IsPartial ? null : _actions;
    }

    public void Clear()
    {
        _actions.Clear();
        (_bytes, _next) = (0, 0);
    }
}
