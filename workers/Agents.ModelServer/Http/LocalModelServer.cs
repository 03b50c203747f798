using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Agents.ModelServer.Generation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Agents.ModelServer.Http;

/// <summary>
/// Serves a loaded model over OpenAI's HTTP: chat completions and completions, streamed or whole, models, health and
/// metrics. docs/model-server.md has the surface.
/// </summary>
public sealed class LocalModelServer : IAsyncDisposable
{
    const int SocketPathBytesMax = 107;

    readonly WebApplication _app;
    readonly Func<ServedModel> _source;
    readonly string? _socket;
    readonly TimeProvider _clock;
    readonly ConcurrentDictionary<string, ReplyStream> _running = new(StringComparer.Ordinal);

    LocalModelServer(WebApplication app, Func<ServedModel> source, string? socket, TimeProvider clock) =>
        (_app, _source, _socket, _clock) = (app, source, socket, clock);

    ServedModel Model => _source();

    /// <summary>Base address, version segment included; empty when it listens on a socket.</summary>
    public string BaseUrl { get; private set; } = "";

    /// <summary>Starts listening; throws <see cref="ModelServerException"/> with AG4035 when it cannot.</summary>
    public static Task<LocalModelServer> StartAsync(
        ServedModel model, ModelServerOptions options, TimeProvider clock, CancellationToken cancel) => StartAsync(() => model, options, clock, cancel);

    /// <summary>
    /// Starts listening for a model that is asked for with each request, so that it need not be loaded before the first.
    /// What asking for it throws as <see cref="ModelServerException"/> is the answer to that request.
    /// </summary>
    public static async Task<LocalModelServer> StartAsync(
        Func<ServedModel> model, ModelServerOptions options, TimeProvider clock, CancellationToken cancel)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.RequestBytesMax;
            if (options.SocketPath is { } path)
            {
                kestrel.ListenUnixSocket(path);
            }
            else
            {
                kestrel.Listen(IPAddress.Loopback, options.Port);
            }
        });
        var app = builder.Build();
        var server = new LocalModelServer(app, model, options.SocketPath, clock);
        app.Run(server.AnswerAsync);
        try
        {
            MakeRoom(options.SocketPath);
            await app.StartAsync(cancel);
        }
        catch (Exception e) when (e is IOException or SocketException or UnauthorizedAccessException)
        {
            await app.DisposeAsync();
            throw new ModelServerException(
                "AG4035", $"the model server cannot listen on {options.SocketPath ?? $"127.0.0.1:{options.Port}"}: {e.Message}",
                options.SocketPath is null ? "give another --port" : "choose a data directory with a shorter path that you may write to", e);
        }

        if (options.SocketPath is { } socket && !OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(socket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            return server;
        }

        server.BaseUrl = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/v1";
        return server;
    }

    static void MakeRoom(string? socket)
    {
        if (socket is not null)
        {
            if (System.Text.Encoding.UTF8.GetByteCount(socket) > SocketPathBytesMax)
            {
                throw new IOException($"the path is longer than {SocketPathBytesMax} bytes");
            }

            File.Delete(socket); // left by a process that was killed
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        if (_socket is not null)
        {
            File.Delete(_socket);
        }
    }

    async Task AnswerAsync(HttpContext context)
    {
        var (method, path) = (context.Request.Method, context.Request.Path.Value);
        try
        {
            await ((method, path) switch
            {
                ("POST", "/v1/chat/completions") => ChatAsync(context),
                ("POST", "/v1/completions") => CompleteAsync(context),
                ("POST", "/abort_request") => AbortAsync(context),
                ("GET", "/v1/models") => WriteAsync(context, 200, WireJson.Models(Model)),
                ("GET", "/health") => HealthAsync(context),
                ("GET", "/metrics") => MetricsAsync(context),
                (_, "/v1/chat/completions" or "/v1/completions" or "/abort_request" or "/v1/models" or "/health" or "/metrics") =>
                    throw new RequestRefusedException(405, $"{method} is not served here"),
                _ => throw new RequestRefusedException(404, $"there is nothing at {path}"),
            });
        }
        catch (RequestRefusedException e)
        {
            await RefuseAsync(context, e);
        }
        catch (ModelServerException e)
        {
            await RefuseAsync(context, new RequestRefusedException(501, e.Message));
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException e)
        {
            await RefuseAsync(context, new RequestRefusedException(e.StatusCode, e.Message));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException && !context.Response.HasStarted)
        {
            // A string of the request that is no Unicode, such as half of an emoji, is found where it is read.
            await RefuseAsync(context, new RequestRefusedException(400, $"the body cannot be read: {e.Message}"));
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        {
            // The caller left: there is nobody to answer.
        }
    }

    async Task ChatAsync(HttpContext context)
    {
        using var body = await ReadAsync(context);
        var chat = ChatRequest.Read(body.RootElement);
        var (stream, prompt) = Model.Submit(chat, body.RootElement);
        await FollowAsync(context, stream, new ChatAnswer(Head("chatcmpl-", body.RootElement, prompt), Model.Vocabulary), body.RootElement);
    }

    async Task CompleteAsync(HttpContext context)
    {
        using var body = await ReadAsync(context);
        var prompt = ReadPrompt(body.RootElement);
        var stream = Model.SubmitCompletion(prompt, body.RootElement);
        await FollowAsync(context, stream, new CompletionAnswer(Head("cmpl-", body.RootElement, prompt), Model.Vocabulary), body.RootElement);
    }

    async Task<JsonDocument> ReadAsync(HttpContext context)
    {
        var body = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        if (body.RootElement.ValueKind != JsonValueKind.Object)
        {
            throw RequestFields.Bad("the body must be an object");
        }

        var model = RequestFields.Text(body.RootElement, "model");
        if (model is not null && model != Model.Id)
        {
            throw new RequestRefusedException(404, $"the model '{model}' is not served here; '{Model.Id}' is");
        }

        RequestFields.RefuseUnserved(body.RootElement);
        return body;
    }

    int[] ReadPrompt(JsonElement request)
    {
        switch (RequestFields.Member(request, "prompt"))
        {
            case { ValueKind: JsonValueKind.String } text:
                var tokens = Model.Vocabulary.Tokenize(text.GetString()!, marks: true);
                return Model.Vocabulary.BeginToken is { } begin ? [begin, .. tokens] : tokens;
            case { ValueKind: JsonValueKind.Array } ids when ids.GetArrayLength() > 0 && ids.EnumerateArray().All(i => RequestFields.IsToken(i, Model.Vocabulary.Count)):
                return [.. ids.EnumerateArray().Select(i => i.GetInt32())];
            default:
                throw RequestFields.Bad($"'prompt' must be a string or a list of token ids from 0 to {Model.Vocabulary.Count - 1}");
        }
    }

    AnswerHead Head(string prefix, JsonElement request, int[] prompt) => new(
        RequestFields.Text(request, "rid") ?? RequestFields.Text(request, "request_id")
            ?? prefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12)),
        Model.Id, _clock.GetUtcNow().ToUnixTimeSeconds(), RequestFields.Flag(request, "return_token_ids") ? prompt : null,
        RequestFields.Flag(request, "return_token_ids") || RequestFields.Flag(request, "return_reply_ids"),
        RequestFields.Logprobs(request) >= 0);

    async Task FollowAsync(HttpContext context, ReplyStream stream, IAnswer answer, JsonElement request)
    {
        if (!_running.TryAdd(answer.Id, stream))
        {
            stream.Cancel();
            throw RequestFields.Bad($"a request with the id '{answer.Id}' is in work already");
        }

        using var left = context.RequestAborted.Register(stream.Cancel);
        try
        {
            await (RequestFields.Flag(request, "stream")
                ? StreamAsync(context, stream, answer, IncludesUsage(request))
                : WholeAsync(context, stream, answer));
        }
        finally
        {
            stream.Cancel();
            _running.TryRemove(answer.Id, out _);
        }
    }

    static bool IncludesUsage(JsonElement request) => RequestFields.Member(request, "stream_options") is { ValueKind: JsonValueKind.Object } options
        && RequestFields.Flag(options, "include_usage");

    static async Task WholeAsync(HttpContext context, ReplyStream stream, IAnswer answer)
    {
        await foreach (var e in stream.ReadAsync(context.RequestAborted))
        {
            if (e is GenerationEvent.Token token)
            {
                answer.Add(token);
            }
            else if (e is GenerationEvent.Ended end)
            {
                ThrowIfBroken(end);
                await WriteAsync(context, 200, answer.Whole(end));
            }
        }
    }

    /// <summary>Everything that is there is written before it is flushed: one packet for what came together.</summary>
    static async Task StreamAsync(HttpContext context, ReplyStream stream, IAnswer answer, bool includeUsage)
    {
        var cancel = context.RequestAborted;
        var output = context.Response.BodyWriter;
        while (await stream.WaitAsync(cancel))
        {
            while (stream.TryRead(out var e))
            {
                var end = e as GenerationEvent.Ended;
                if (!context.Response.HasStarted)
                {
                    if (end is not null)
                    {
                        ThrowIfBroken(end);
                    }

                    context.Response.ContentType = "text/event-stream";
                    context.Response.Headers.CacheControl = "no-cache";
                    await context.Response.StartAsync(cancel);
                    answer.Begin(output);
                }

                if (e is GenerationEvent.Token token)
                {
                    answer.Write(output, token);
                }
                else if (end is not null)
                {
                    answer.End(output, end, includeUsage);
                }
            }

            await output.FlushAsync(cancel);
        }
    }

    static void ThrowIfBroken(GenerationEvent.Ended end)
    {
        if (end.Reason is "failed" or "stopped")
        {
            throw new RequestRefusedException(
                end.Reason == "failed" ? 500 : 503, end.Failure ?? "the model server is stopping", retryAfterSeconds: 1);
        }
    }

    async Task AbortAsync(HttpContext context)
    {
        using var body = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        var id = body.RootElement.ValueKind == JsonValueKind.Object ? RequestFields.Text(body.RootElement, "rid") : null;
        if (id is null || !_running.TryGetValue(id, out var stream))
        {
            throw new RequestRefusedException(404, $"no request '{id}' is in work");
        }

        stream.Cancel();
        await WriteAsync(context, 200, "{}"u8.ToArray());
    }

    Task HealthAsync(HttpContext context) => Model.Generator.IsStopping
        ? throw new RequestRefusedException(503, "the model server is stopping", retryAfterSeconds: 1)
        : WriteAsync(context, 200, """{"status":"ok"}"""u8.ToArray());

    async Task MetricsAsync(HttpContext context)
    {
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        await context.Response.WriteAsync(MetricsText.Write(Model), context.RequestAborted);
    }

    static async Task RefuseAsync(HttpContext context, RequestRefusedException e)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        if (e.RetryAfterSeconds is { } seconds)
        {
            context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        await WriteAsync(context, e.Status, WireJson.Error(e));
    }

    static async Task WriteAsync(HttpContext context, int status, ReadOnlyMemory<byte> body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }
}
