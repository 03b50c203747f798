using Orleans.Runtime;

namespace Agents.Cluster.Talk;

/// <summary>Calls to several nodes at once, of which some may not answer.</summary>
internal static class Calls
{
    public static async Task AllAsync(IReadOnlyList<SiloAddress> nodes, Func<SiloAddress, Task> call, TimeSpan atMost, TimeProvider clock)
    {
        if (nodes.Count == 0)
        {
            return;
        }

        try
        {
            await Task.WhenAll(nodes.Select(OneAsync)).WaitAsync(atMost, clock);
        }
        catch (TimeoutException)
        {
            // Whoever could be reached in time was.
        }

        async Task OneAsync(SiloAddress node)
        {
            try
            {
                await call(node);
            }
            catch (Exception)
            {
                // Gone, or too slow: these calls carry hints.
            }
        }
    }
}
