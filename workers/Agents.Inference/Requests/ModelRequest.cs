using System.Text.Json;
using Agents.Contracts.Runs;

namespace Agents.Inference.Requests;

/// <summary>
/// One model call. Messages and tools are JSON that was rendered once and is sent as it is: the provider's prefix cache
/// lives on equal bytes, so nothing here is parsed and written again.
/// </summary>
public sealed record ModelRequest
{
    public required ModelProfile Profile { get; init; }

    /// <summary>Message objects in order, each one the UTF-8 JSON that <see cref="MessageRenderer"/> made.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> Messages { get; init; }

    /// <summary>The JSON array <see cref="ToolRenderer"/> made; empty for no tools.</summary>
    public ReadOnlyMemory<byte> Tools { get; init; }

    /// <summary>Output tokens of this call; null means the profile's maximum.</summary>
    public int? OutputTokensMax { get; init; }

    /// <summary>Sent as prompt_cache_key where the profile says so.</summary>
    public string? RunId { get; init; }

    /// <summary>What a pool is told of the call, where the profile says that one stands at the address.</summary>
    public PoolCall? Pool { get; init; }

    /// <summary>"auto", "none", "required", or the name of one tool; null leaves the choice to the server.</summary>
    public string? ToolChoice { get; init; }

    /// <summary>
    /// Asks the server to hold the answer to this schema (response_format). Several servers refuse it beside tools,
    /// so the caller sets it only where no tools are offered or the profile is known to take both.
    /// </summary>
    public JsonElement? OutputSchema { get; init; }
}

/// <summary>What a pool of model workers is told of a call, so that it finds its prefix and its turn.</summary>
/// <param name="Prefix">Changes when an earlier part of the run's prompt changes.</param>
public sealed record PoolCall(string Run, string Prefix, string Tenant, RunClass Class);
