using System.Collections.Concurrent;
using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Effects;
using Agents.Contracts.Runs;
using Agents.Tools.Catalogue;
using ModelContextProtocol.Protocol;

namespace Agents.Tools.Mcp;

/// <summary>MCP servers by the settings of runs: one connection per server and process, made when first needed.</summary>
sealed class McpServers(ToolEnvironment environment) : IAsyncDisposable
{
    const string Prefix = "mcp:";
    readonly ConcurrentDictionary<string, McpConnection> _connections = new(StringComparer.Ordinal);

    public static string SourceOf(string server) => Prefix + server;

    public static string? ServerOf(string source) =>
        source.StartsWith(Prefix, StringComparison.Ordinal) ? source[Prefix.Length..] : null;

    /// <summary>The server's tools as specs; a hint becomes a suggestion for a person, never an effect class.</summary>
    public async Task<IReadOnlyList<(ToolSpec Spec, string? Suggestion)>> ListAsync(
        string server, McpServerSettings settings, CancellationToken cancel)
    {
        var tools = await ConnectionTo(server, settings).ListAsync(cancel);
        return [.. tools.Select(t => Offer(server, settings, t))];
    }

    public ITool? Find(string server, ToolSpec spec, ToolSettings settings) =>
        settings.McpServers.TryGetValue(server, out var known)
            ? new McpTool(spec, environment, ConnectionTo(server, known))
            : null;

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections.Values)
        {
            await connection.DisposeAsync();
        }
    }

    McpConnection ConnectionTo(string server, McpServerSettings settings)
    {
        // Two runs may mean different servers by one name.
        var key = server + "\n" + JsonSerializer.Serialize(settings, ContractsJson.Default.McpServerSettings);
        return _connections.GetOrAdd(key, _ => new McpConnection(server, settings, environment));
    }

    static (ToolSpec, string?) Offer(string server, McpServerSettings settings, Tool tool)
    {
        var declared = settings.Effects.TryGetValue(tool.Name, out var effect) ? effect : (EffectClass?)null;
        var spec = new ToolSpec
        {
            Name = ToolNames.ForServerTool(server, tool.Name),
            Description = tool.Description ?? tool.Title ?? "",
            Parameters = tool.InputSchema.Clone(),
            Effect = declared ?? EffectClass.AtMostOnce,
            Source = SourceOf(server),
            SourceName = tool.Name,
            Parallel = declared == EffectClass.ReadOnly,
        };
        return (spec, declared is null ? Suggest(server, tool) : null);
    }

    static string? Suggest(string server, Tool tool)
    {
        var hinted = tool.Annotations switch
        {
            { ReadOnlyHint: true } => EffectClass.ReadOnly,
            { IdempotentHint: true } => EffectClass.Idempotent,
            _ => EffectClass.AtMostOnce,
        };
        return hinted == EffectClass.AtMostOnce ? null
            : $"tool '{tool.Name}' of MCP server '{server}' runs as AtMostOnce because its effect is not declared; the "
                + $"server hints that it is {hinted}: if you trust that, set mcpServers.{server}.effects.{tool.Name}";
    }
}
