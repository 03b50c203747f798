using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Agents.TestKit.Models;

/// <summary>
/// An OpenAI-compatible server on a loopback port that says what a test queued, faults included, and keeps every
/// request. With nothing queued it asks <see cref="Otherwise"/>, and without that it answers 500.
/// </summary>
public sealed class FakeModelServer : IAsyncDisposable
{
    readonly WebApplication _app;
    readonly ConcurrentQueue<FakeReply> _replies = new();
    readonly ConcurrentQueue<CapturedRequest> _requests = new();
    readonly TaskCompletionSource _silent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);

    FakeModelServer(WebApplication app) => _app = app;

    /// <summary>Base address, version segment included.</summary>
    public string BaseUrl => _app.Services.GetRequiredService<IServer>()
        .Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/v1";

    /// <summary>Every request so far, in order.</summary>
    public IReadOnlyList<CapturedRequest> Requests => [.. _requests];

    /// <summary>Answers when the queue is empty.</summary>
    public Func<CapturedRequest, FakeReply>? Otherwise { get; set; }

    /// <summary>Completes when a reply has come to its <see cref="FakePart.Silence"/>.</summary>
    public Task Silent => _silent.Task;

    /// <summary>Completes when a caller left during a silence.</summary>
    public Task CallerLeft => _left.Task;

    public static async Task<FakeModelServer> StartAsync(CancellationToken cancel)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new FakeModelServer(app);
        app.Run(server.AnswerAsync);
        await app.StartAsync(cancel);
        return server;
    }

    /// <summary>Queues replies, one for each request to come.</summary>
    public FakeModelServer Enqueue(params FakeReply[] replies)
    {
        foreach (var reply in replies)
        {
            _replies.Enqueue(reply);
        }

        return this;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var request = new CapturedRequest(
            context.Request.Method,
            context.Request.Path + context.Request.QueryString,
            context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            await reader.ReadToEndAsync(context.RequestAborted));
        _requests.Enqueue(request);
        var reply = _replies.TryDequeue(out var queued) ? queued
            : Otherwise?.Invoke(request) ?? FakeReply.Json(500, """{"error":{"message":"nothing was queued"}}""");
        context.Response.StatusCode = reply.Status;
        context.Response.ContentType = reply.ContentType;
        foreach (var (name, value) in reply.Headers)
        {
            context.Response.Headers[name] = value;
        }

        // A reset could overtake what was sent before it; a body shorter than announced is a cut that arrives in order.
        if (reply.Parts.Any(p => p is FakePart.CutOff))
        {
            context.Response.ContentLength = long.MaxValue;
        }

        await context.Response.StartAsync(context.RequestAborted);
        foreach (var part in reply.Parts)
        {
            if (!await PlayAsync(context, part))
            {
                return;
            }
        }
    }

    async Task<bool> PlayAsync(HttpContext context, FakePart part)
    {
        switch (part)
        {
            case FakePart.Text text:
                await context.Response.WriteAsync(text.Value, context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                return true;
            case FakePart.Wait wait:
                await wait.Until.WaitAsync(context.RequestAborted);
                return true;
            case FakePart.Silence:
                _silent.TrySetResult();
                var gone = new TaskCompletionSource();
                await using (context.RequestAborted.Register(gone.SetResult))
                {
                    await gone.Task;
                }

                _left.TrySetResult();
                return false;
            default:
                return false;
        }
    }
}

/// <summary>A request as the fake server saw it.</summary>
public sealed record CapturedRequest(
    string Method, string Path, IReadOnlyDictionary<string, string> Headers, string Body);
