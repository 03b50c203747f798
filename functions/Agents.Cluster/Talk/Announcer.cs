using Orleans.Runtime;

namespace Agents.Cluster.Talk;

/// <summary>
/// Tells other nodes of commits they listen for: at once when nothing is on its way, else together with whatever comes
/// meanwhile, one message a node.
/// </summary>
internal sealed class Announcer(Listeners listeners, Func<SiloAddress, INodeService> at)
{
    readonly Lock _gate = new();
    Dictionary<SiloAddress, Dictionary<string, bool>> _waiting = [];
    bool _sending;

    public void Say(string instanceId, bool released)
    {
        if (listeners.None || listeners.Of(instanceId) is not { Count: > 0 } readers)
        {
            return;
        }

        lock (_gate)
        {
            foreach (var reader in readers)
            {
                if (!_waiting.TryGetValue(reader, out var changes))
                {
                    _waiting[reader] = changes = [];
                }

                changes[instanceId] = changes.GetValueOrDefault(instanceId) || released;
            }

            if (_sending)
            {
                return;
            }

            _sending = true;
        }

        _ = SendAsync();
    }

    async Task SendAsync()
    {
        await Task.Yield();
        while (true)
        {
            Dictionary<SiloAddress, Dictionary<string, bool>> now;
            lock (_gate)
            {
                if (_waiting.Count == 0)
                {
                    _sending = false;
                    return;
                }

                (now, _waiting) = (_waiting, []);
            }

            foreach (var (reader, changes) in now)
            {
                try
                {
                    await at(reader).ChangedAsync(
                        [.. changes.Where(c => !c.Value).Select(c => c.Key)], [.. changes.Where(c => c.Value).Select(c => c.Key)]);
                }
                catch (Exception)
                {
                    // That node is gone, or reads again by itself.
                }
            }
        }
    }
}
