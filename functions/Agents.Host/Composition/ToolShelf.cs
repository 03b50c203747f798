using System.Text.Json;
using Agents.Client.Jobs;
using Agents.Contracts.Runs;
using Agents.Tools.Catalogue;

namespace Agents.Host.Composition;

/// <summary>The tools of this host, as jobs see them.</summary>
sealed class ToolShelf(ToolCatalogue catalogue) : IToolShelf
{
    public async Task<ToolAnswer> ResolveAsync(JsonElement entry, ToolSettings settings, CancellationToken cancel)
    {
        var resolution = await catalogue.ResolveAsync([entry], settings, cancel);
        return new ToolAnswer(
            resolution.Tools,
            resolution.Problems is [var first, ..] ? (first.Code, first.Message) : null);
    }
}
