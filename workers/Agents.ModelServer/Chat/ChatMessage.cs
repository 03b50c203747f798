using System.Text.Json;

namespace Agents.ModelServer.Chat;

/// <summary>A tool call of an earlier reply; arguments as the caller wrote them.</summary>
public sealed record ChatCall(string Id, string Name, string Arguments);

/// <summary>A message of the conversation.</summary>
public sealed record ChatMessage
{
    /// <summary>"system", "user", "assistant" or "tool".</summary>
    public required string Role { get; init; }

    /// <summary>Shown to the model instead of the role.</summary>
    public string? Name { get; init; }

    public string Content { get; init; } = "";

    public string Reasoning { get; init; } = "";

    public IReadOnlyList<ChatCall> Calls { get; init; } = [];

    /// <summary>Of a tool's message: the call it answers.</summary>
    public string? CallId { get; init; }
}

/// <summary>A tool the model may call.</summary>
/// <param name="Parameters">Schema of its arguments.</param>
/// <param name="Json">Its declaration as the caller wrote it.</param>
public sealed record ChatTool(string Name, JsonElement Parameters, JsonElement Json);
