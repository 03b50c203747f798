using System.Text;
using System.Text.Json.Nodes;
using Agents.Contracts.Effects;
using Agents.Contracts.Runs;
using Agents.Tools.Effects;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Agents.Tools.Mcp;

/// <summary>A tool of an MCP server. The idempotency key travels as _meta["agents/idempotencyKey"].</summary>
sealed class McpTool(ToolSpec spec, ToolEnvironment environment, McpConnection connection) : ITool
{
    public const string KeyName = "agents/idempotencyKey";

    public ToolSpec Spec { get; } = spec;

    public async Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel)
    {
        var client = await connection.ConnectedAsync(cancel);
        if (Spec.Effect == EffectClass.ReadOnly)
        {
            return await CallAsync(client, call, cancel);
        }

        await environment.SightAsync(EffectPoint.BeforeEffect, call, cancel);
        if (Spec.Effect == EffectClass.AtMostOnce && !call.MayAct())
        {
            return new ToolOutcome.NotStarted("the start deadline has passed or the attempt is no longer current");
        }

        var outcome = await CallAsync(client, call, cancel);
        await environment.SightAsync(EffectPoint.AfterEffect, call, cancel);
        return outcome;
    }

    async Task<ToolOutcome> CallAsync(McpClient client, ToolInvocation call, CancellationToken cancel)
    {
        try
        {
            var request = new CallToolRequestParams
            {
                Name = Spec.SourceName ?? Spec.Name,
                Arguments = call.Arguments.EnumerateObject().ToDictionary(m => m.Name, m => m.Value),
                Meta = new JsonObject { [KeyName] = call.Key },
            };
            var result = await client.CallToolAsync(request, cancel);
            return result.IsError == true ? new ToolOutcome.Refusal(Text(result)) : new ToolOutcome.Answer(Text(result));
        }
        catch (McpProtocolException e)
        {
            return new ToolOutcome.Refusal($"the server refused the call: {e.Message}");
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            await connection.DropAsync(client);
            return new ToolOutcome.Ambiguous($"the connection to MCP server of '{Spec.Name}' failed during the call: {e.Message}");
        }
    }

    static string Text(CallToolResult result)
    {
        var text = new StringBuilder();
        foreach (var block in result.Content)
        {
            text.Append(text.Length > 0 ? "\n" : "").Append(Shown(block));
        }

        return text.Length == 0 && result.StructuredContent is { } structured ? structured.GetRawText() : text.ToString();
    }

    // Models of ours read text; other content is named, so that nobody takes its absence for an empty result.
    static string Shown(ContentBlock block) => block switch
    {
        TextContentBlock text => text.Text,
        ImageContentBlock image => $"[image {image.MimeType}, not shown]",
        AudioContentBlock audio => $"[audio {audio.MimeType}, not shown]",
        ResourceLinkBlock link => $"[resource {link.Uri}]",
        EmbeddedResourceBlock { Resource: TextResourceContents contents } => contents.Text,
        EmbeddedResourceBlock embedded => $"[resource {embedded.Resource.Uri}, not shown]",
        _ => $"[{block.Type}, not shown]",
    };
}
