namespace Agents.TestKit;

/// <summary>
/// How long tests wait for what must come. A test that passes never waits so long, however slow or busy the machine; one
/// that fails says so instead of hanging.
/// </summary>
public static class Patience
{
    public static TimeSpan Most { get; } = TimeSpan.FromMinutes(2);

    /// <summary>A token that is cancelled when patience ends.</summary>
    public static CancellationTokenSource Begin() => new(Most);

    /// <summary>Looks again until it holds.</summary>
    public static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var limit = Begin();
        while (!await holds())
        {
            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"what was waited for did not come within {Most}");
            }

            await Task.Yield();
        }
    }
}
