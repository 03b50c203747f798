using System.Text.Json;
using Agents.Contracts.Runs;

namespace Agents.Client.Jobs;

/// <summary>Where jobs find models.</summary>
public interface IModelShelf
{
    /// <summary>Null when there is none of that name; then <paramref name="near"/> are names that come close.</summary>
    ModelProfile? Find(string name, out IReadOnlyList<string> near);

    /// <summary>A profile for an address that no file describes.</summary>
    ModelProfile AtAddress(string model, string baseUrl, string? apiKeyEnv);

    /// <summary>Why this profile cannot be used right now (key not set, dialect not built); null when it can.</summary>
    string? Obstacle(ModelProfile profile);
}

/// <summary>Where jobs find tools.</summary>
public interface IToolShelf
{
    IReadOnlyList<string> Names { get; }

    ToolSpec? Find(string name);

    /// <summary>Reads a tool object in any of the three shapes; throws <see cref="FormatException"/>.</summary>
    ToolSpec Read(JsonElement tool);

    /// <summary>Asks an MCP server for its tools; throws with what is wrong when it cannot be reached.</summary>
    Task<IReadOnlyList<ToolSpec>> OfServerAsync(string server, McpServerSettings settings, CancellationToken cancel);
}
