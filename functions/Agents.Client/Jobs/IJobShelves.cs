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

    /// <summary>Code and reason why this profile cannot be used right now (key not set, dialect not built); null when it can.</summary>
    (string Code, string What)? Obstacle(ModelProfile profile);
}

/// <summary>Where jobs find tools.</summary>
public interface IToolShelf
{
    /// <summary>
    /// Resolves one entry of a job's tools: a name, or an object in any of the three shapes. Entries of MCP servers may
    /// stand for many tools.
    /// </summary>
    Task<ToolAnswer> ResolveAsync(JsonElement entry, ToolSettings settings, CancellationToken cancel);
}

/// <summary>The tools of an entry, or what is wrong with it.</summary>
public sealed record ToolAnswer(IReadOnlyList<ToolSpec> Tools, (string Code, string What)? Problem);
