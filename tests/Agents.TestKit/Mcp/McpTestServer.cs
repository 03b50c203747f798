using System.ComponentModel;
using System.Net;
using Agents.Tools.Effects;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Agents.TestKit.Mcp;

/// <summary>An MCP server over streamable HTTP whose tools record what reaches them.</summary>
public sealed class McpTestServer : IAsyncDisposable
{
    readonly WebApplication _app;

    McpTestServer(WebApplication app) => _app = app;

    public ArrivalBook Book => _app.Services.GetRequiredService<ArrivalBook>();

    public string Url { get; private set; } = "";

    public static async Task<McpTestServer> StartAsync(int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, port));
        builder.Services.AddSingleton<ArrivalBook>();
        builder.Services.AddMcpServer(o => o.ServerInfo = new Implementation { Name = "test", Version = "1" })
            .WithHttpTransport().WithTools<RecordingTools>();
        var app = builder.Build();
        app.MapMcp("/mcp");
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new McpTestServer(app) { Url = address + "/mcp" };
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    [McpServerToolType]
    public sealed class RecordingTools(ArrivalBook book)
    {
        [McpServerTool(Name = "note", ReadOnly = false), Description("Keeps a note.")]
        public string Note(RequestContext<CallToolRequestParams> request, string text)
        {
            var key = request.Params?.Meta?["agents/idempotencyKey"]?.GetValue<string>() ?? "";
            book.Arrive(key, "note", text);
            return $"noted {text}";
        }

        [McpServerTool(Name = "look.up", ReadOnly = true), Description("Looks something up.")]
        public static string LookUp(string word) => $"found {word}";

        [McpServerTool(Name = "refuse"), Description("Always refuses.")]
        public static string Refuse() => throw new McpException("not today");

        [McpServerTool(Name = "variables"), Description("Names its environment variables.")]
        public static string Variables() =>
            string.Join(',', Environment.GetEnvironmentVariables().Keys.Cast<string>().Order(StringComparer.Ordinal));
    }
}
