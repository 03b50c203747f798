using System.Collections.Concurrent;
using Agents.Contracts.Runs;
using Agents.Tools.Files;

namespace Agents.Tools.References;

/// <summary>What is known of the roots that references are checked against, made once for each and kept.</summary>
sealed class ReferenceChecks(BuiltInContext context)
{
    const int RootsMax = 64;
    readonly ConcurrentDictionary<string, Lazy<Task<ReferenceCheck>>> _checks = new(StringComparer.Ordinal);

    public async Task<ReferenceCheck> ForAsync(ToolSettings settings, CancellationToken cancel)
    {
        var root = BuiltInContext.Root(settings);
        var key = $"{root.Real}\n{settings.Out}";
        if (_checks.Count > RootsMax)
        {
            _checks.Clear();
        }

        var built = _checks.GetOrAdd(key, _ => new(() => BuildAsync(root, settings)));
        try
        {
            return await built.Value.WaitAsync(cancel);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _checks.TryRemove(key, out _); // a failed build is no index: the next call tries again
            throw;
        }
    }

    // Built for whoever asks next too, so it does not die with the call that happened to ask first.
    async Task<ReferenceCheck> BuildAsync(ConfinedFolder root, ToolSettings settings) =>
        new(await RootIndex.BuildAsync(root, context.Hidden(root, settings), CancellationToken.None));
}
