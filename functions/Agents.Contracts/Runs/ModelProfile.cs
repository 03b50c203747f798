using System.Text.Json;
using System.Text.Json.Serialization;

namespace Agents.Contracts.Runs;

/// <summary>A model as data: where it is, how it speaks, what it may do and costs. Ships as JSON files.</summary>
public sealed record ModelProfile
{
    /// <summary>Name people use, such as "moonshot/kimi-k2-thinking".</summary>
    public required string Name { get; init; }

    /// <summary>Wire dialect; "chat" (chat completions) is the one built.</summary>
    public string Dialect { get; set; } = "chat";

    /// <summary>Base address up to and including the version segment, such as https://api.moonshot.ai/v1.</summary>
    public required string BaseUrl { get; init; }

    /// <summary>Model id sent to the server.</summary>
    public required string Model { get; init; }

    /// <summary>Environment variable that holds the key; null where the server needs none.</summary>
    public string? ApiKeyEnv { get; init; }
    public int ContextTokens { get; set; } = 262_144;
    public int OutputTokensMax { get; set; } = 16_384;

    /// <summary>Request field of the output bound: "max_tokens" or "max_completion_tokens".</summary>
    public string OutputTokensField { get; set; } = "max_tokens";

    /// <summary>Sent only when set.</summary>
    public double? Temperature { get; init; }
    public double? TopP { get; init; }

    /// <summary>Send reasoning of earlier steps back (required by thinking models inside a tool loop).</summary>
    public bool SendReasoning { get; set; } = true;

    /// <summary>Fields merged into the request body as they are.</summary>
    public JsonElement? Extra { get; init; }

    /// <summary>Send the run id as prompt_cache_key.</summary>
    public bool PromptCacheKey { get; init; }

    /// <summary>
    /// How ids of tool calls go back to the server: "as_given", or "functions_index" (functions.NAME:N, N counting over
    /// the whole conversation), which self-hosted Kimi K2 needs to read its own history.
    /// </summary>
    public string ToolCallIds { get; set; } = "as_given";

    /// <summary>Shortest tool name the server takes.</summary>
    public int ToolNameMin { get; set; } = 1;

    /// <summary>Most tools the server takes in one request.</summary>
    public int ToolsMax { get; set; } = 128;

    /// <summary>The server takes tool_choice "required" or a named tool; false where thinking forbids it.</summary>
    public bool ForcedToolChoice { get; set; } = true;
    public IReadOnlyList<ModelPrice> Prices { get; set; } = [];

    /// <summary>Day the provider took or takes the model offline.</summary>
    public DateOnly? RetiredOn { get; init; }

    /// <summary>Profile to use instead once retired.</summary>
    public string? Successor { get; init; }
    public string? Note { get; init; }

    /// <summary>
    /// A pool stands at the address: calls tell it their run, tenant and class, and what comes after them, so that the
    /// next step finds its prefix.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Pool { get; init; }

    /// <summary>How a model worker starts the server; null where somebody else does. Not part of runs.</summary>
    public ServeCommand? Serve { get; init; }

    /// <summary>Queue that calls of this model wait in, NAME or NAME/KEY (docs/queues.md); null: none of their own.</summary>
    public string? Queue { get; init; }

    /// <summary>Longest silence on the stream before an attempt is given up; any byte counts as life.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(5);
}

/// <summary>A model server's command line: the program and its arguments, {port} and {model} being those of the profile.</summary>
public sealed record ServeCommand(IReadOnlyList<string> Command);

/// <summary>USD per million tokens from a day on; a null hit or write price means the miss price.</summary>
public sealed record ModelPrice(DateOnly From, decimal InMiss, decimal? InHit, decimal? InWrite, decimal Out);
