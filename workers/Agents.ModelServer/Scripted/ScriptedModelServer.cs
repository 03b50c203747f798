using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Agents.ModelServer.Scripted;

/// <summary>
/// Serves the scripted policy as an OpenAI-compatible server: POST /v1/chat/completions (streamed or whole), GET
/// /v1/models, GET /health. It sees nothing but the request: no folder, no run, no memory of the request before.
/// </summary>
public sealed class ScriptedModelServer : IAsyncDisposable
{
    /// <summary>The only model id served; whatever shows a model shows this.</summary>
    public const string ModelId = "scripted";

    const int SocketPathBytesMax = 107;

    readonly WebApplication _app;
    readonly ScriptedServerOptions _options;
    readonly TimeProvider _clock;

    ScriptedModelServer(WebApplication app, ScriptedServerOptions options, TimeProvider clock)
    {
        _app = app;
        _options = options;
        _clock = clock;
    }

    /// <summary>Base address by TCP, version segment included; null when it listens on a socket only.</summary>
    public string? BaseUrl { get; private set; }

    /// <summary>Starts listening; throws <see cref="IOException"/> with AG4022 when it cannot.</summary>
    public static async Task<ScriptedModelServer> StartAsync(
        ScriptedServerOptions options, TimeProvider clock, CancellationToken cancel)
    {
        PrepareSocket(options);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Listen(kestrel, options));
        var app = builder.Build();
        var server = new ScriptedModelServer(app, options, clock);
        app.Run(server.AnswerAsync);
        try
        {
            await app.StartAsync(cancel);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            await app.DisposeAsync();
            throw Unable(options, e.Message, e);
        }

        if (options.SocketPath is { } path && !OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
            .FirstOrDefault(a => !a.Contains("unix:", StringComparison.Ordinal));
        server.BaseUrl = address is null ? null : address + "/v1";
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        if (_options.SocketPath is { } path)
        {
            File.Delete(path);
        }
    }

    static void Listen(KestrelServerOptions kestrel, ScriptedServerOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = options.RequestBytesMax;
        if (options.SocketPath is { } path)
        {
            kestrel.ListenUnixSocket(path);
        }

        if (options.Port is { } || options.SocketPath is null)
        {
            kestrel.Listen(IPAddress.Loopback, options.Port ?? 0);
        }
    }

    static void PrepareSocket(ScriptedServerOptions options)
    {
        if (options.SocketPath is not { } path)
        {
            return;
        }

        if (System.Text.Encoding.UTF8.GetByteCount(path) > SocketPathBytesMax)
        {
            throw new IOException($"AG4022: the socket path '{path}' is longer than {SocketPathBytesMax} bytes, the most a "
                + "Unix socket takes: choose a data directory with a shorter path");
        }

        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unable(options, e.Message, e);
        }
    }

    static IOException Unable(ScriptedServerOptions options, string why, Exception inner) => new(
        $"AG4022: the scripted model server cannot listen on {options.SocketPath ?? $"127.0.0.1:{options.Port ?? 0}"}: {why}", inner);

    Task AnswerAsync(HttpContext context)
    {
        var (method, path) = (context.Request.Method, context.Request.Path.Value);
        return (method, path) switch
        {
            ("POST", "/v1/chat/completions") => CompleteAsync(context),
            ("GET", "/v1/models") => JsonAsync(context, 200,
                $$"""{"object":"list","data":[{"id":"{{ModelId}}","object":"model","created":0,"owned_by":"agents","max_model_len":262144}]}"""),
            ("GET", "/health") => JsonAsync(context, 200, """{"status":"ok"}"""),
            (_, "/v1/chat/completions" or "/v1/models" or "/health") =>
                ErrorAsync(context, 405, "invalid_request_error", $"{method} is not served here"),
            _ => ErrorAsync(context, 404, "not_found_error", $"there is nothing at {path}"),
        };
    }

    async Task CompleteAsync(HttpContext context)
    {
        try
        {
            using var request = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
            var model = JsonRead.Text(request.RootElement, "model");
            if (model != ModelId)
            {
                await ErrorAsync(context, 404, "not_found_error", $"the model '{model}' is not served here; '{ModelId}' is");
                return;
            }

            var reply = ScriptedReply.To(request.RootElement);
            if (JsonRead.IsTrue(request.RootElement, "stream"))
            {
                await StreamAsync(context, reply);
            }
            else
            {
                await JsonAsync(context, 200, reply.Whole());
            }
        }
        catch (JsonException e)
        {
            await ErrorAsync(context, 400, "invalid_request_error", $"the body is not JSON: {e.Message}");
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException e)
        {
            await ErrorAsync(context, e.StatusCode, "invalid_request_error", e.Message);
        }
        catch (InvalidOperationException e)
        {
            // A string of the request that is no Unicode, such as half of an emoji.
            await ErrorAsync(context, 400, "invalid_request_error", e.Message);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller left: there is nobody to answer.
        }
    }

    async Task StreamAsync(HttpContext context, ScriptedReply reply)
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        foreach (var chunk in reply.Chunks())
        {
            if (_options.DelayPerToken > TimeSpan.Zero)
            {
                await context.Response.Body.FlushAsync(context.RequestAborted);
                await Task.Delay(_options.DelayPerToken, _clock, context.RequestAborted);
            }

            await context.Response.WriteAsync($"data: {chunk}\n\n", context.RequestAborted);
        }

        await context.Response.WriteAsync("data: [DONE]\n\n", context.RequestAborted);
    }

    static Task ErrorAsync(HttpContext context, int status, string type, string message) => JsonAsync(context, status,
        $$$"""{"error":{"message":{{{JsonSerializer.Serialize(message, ScriptedJson.Default.String)}}},"type":"{{{type}}}","param":null,"code":null}}""");

    static Task JsonAsync(HttpContext context, int status, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body, context.RequestAborted);
    }
}
