using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Agents.Contracts.Pool;
using Agents.Pool;
using Agents.Pool.Http;
using Agents.TestKit;
using Agents.TestKit.Models;
using Dapr.Client.Autogen.Grpc.v1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Agents.Tests.Pool;

/// <summary>Workers behind Dapr's service invocation, against a double of the sidecar.</summary>
public sealed class DaprTests : IAsyncLifetime
{
    const string App = "Gpu-Worker.1";

    readonly HttpClient _http = new() { Timeout = Patience.Most };
    FakeModelServer _worker = null!;
    SidecarDouble _sidecar = null!;
    PoolServer _pool = null!;

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _worker = await FakeModelServer.StartAsync(Cancel);
        _sidecar = await SidecarDouble.StartAsync(new Dictionary<string, string> { [App] = _worker.BaseUrl[..^3] });
        _pool = await PoolServer.StartAsync(
            new PoolOptions { LearnFor = TimeSpan.Zero, Dapr = new Uri(_sidecar.Address), DaprToken = "sidecar-token" }, TimeProvider.System, Cancel);
        await _pool.Desk.ReportAsync(Said.Report("a", $"dapr:{App}", figures: new WorkerFigures()) with { EveryMs = 60_000 }, Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _pool.DisposeAsync();
        await _sidecar.DisposeAsync();
        await _worker.DisposeAsync();
    }

    Task<HttpResponseMessage> SendAsync(CancellationToken cancel)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, _pool.Address + "/v1/chat/completions")
        {
            Content = new StringContent(Said.Body(), Encoding.UTF8, "application/json"),
        };
        return _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
    }

    [Fact]
    public async Task A_stream_comes_through_the_sidecar_as_it_is_made()
    {
        var go = new TaskCompletionSource();
        _worker.Enqueue(new FakeReply { Parts = [new FakePart.Text("data: 1\n\n"), new FakePart.Wait(go.Task), new FakePart.Text("data: 2\n\n")] });
        using var response = await SendAsync(Cancel);
        var stream = await response.Content.ReadAsStreamAsync(Cancel);
        var buffer = new byte[64];
        Assert.Equal("data: 1\n\n", Encoding.UTF8.GetString(buffer, 0, await stream.ReadAsync(buffer, Cancel)));
        go.SetResult();
        Assert.Equal("data: 2\n\n", Encoding.UTF8.GetString(buffer, 0, await stream.ReadAsync(buffer, Cancel)));
        Assert.Equal((App, "sidecar-token"), Assert.Single(_sidecar.Calls));
        Assert.Equal((Said.Body(), "/v1/chat/completions"), (_worker.Requests.Single().Body, _worker.Requests.Single().Path));
    }

    [Fact]
    public async Task A_caller_that_leaves_ends_the_work_behind_the_sidecar()
    {
        _worker.Enqueue(FakeReply.Silent("1"));
        (await SendAsync(Cancel)).Dispose();
        await _worker.CallerLeft.WaitAsync(Patience.Most, Cancel);
    }

    [Fact]
    public async Task An_app_the_sidecar_does_not_know_is_a_worker_that_fails()
    {
        await _pool.Desk.ReportAsync(Said.Report("a", "dapr:nobody", figures: new WorkerFigures()) with { EveryMs = 60_000 }, Cancel);
        using var response = await SendAsync(Cancel);
        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Contains("ERR_DIRECT_INVOKE", await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }
}

/// <summary>
/// What Dapr's sidecar does for service invocation over HTTP: POST /v1.0/invoke/APP/method/PATH goes to the app and its
/// answer comes back as it is made. What an invocation is made of is read from Dapr's own messages.
/// </summary>
sealed class SidecarDouble : IAsyncDisposable
{
    readonly WebApplication _app;
    readonly IReadOnlyDictionary<string, string> _apps;
    readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan };

    SidecarDouble(WebApplication app, IReadOnlyDictionary<string, string> apps) => (_app, _apps) = (app, apps);

    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary>App and token of each invocation.</summary>
    public ConcurrentQueue<(string App, string Token)> Calls { get; } = new();

    public static async Task<SidecarDouble> StartAsync(IReadOnlyDictionary<string, string> apps)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var sidecar = new SidecarDouble(app, apps);
        app.Run(sidecar.InvokeAsync);
        await app.StartAsync();
        return sidecar;
    }

    async Task InvokeAsync(HttpContext context)
    {
        if (Read(context.Request.Path.Value!, context.Request.Method) is not { } invocation || !_apps.TryGetValue(invocation.Id, out var address))
        {
            context.Response.StatusCode = 500;
            await context.Response.WriteAsync("""{"errorCode":"ERR_DIRECT_INVOKE","message":"failed to invoke: no such app"}""");
            return;
        }

        Calls.Enqueue((invocation.Id, context.Request.Headers["dapr-api-token"].ToString()));
        using var request = new HttpRequestMessage(HttpMethod.Parse(invocation.Message.HttpExtension.Verb.ToString()), $"{address}/{invocation.Message.Method}")
        {
            Content = new StreamContent(context.Request.Body),
        };
        request.Content.Headers.ContentType = new(context.Request.ContentType!);
        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _http.Dispose();
    }

    static InvokeServiceRequest? Read(string path, string verb)
    {
        const string Invoke = "/v1.0/invoke/";
        const string Method = "/method/";
        var at = path.IndexOf(Method, StringComparison.Ordinal);
        return path.StartsWith(Invoke, StringComparison.Ordinal) && at > Invoke.Length
            ? new InvokeServiceRequest
            {
                Id = path[Invoke.Length..at],
                Message = new InvokeRequest
                {
                    Method = path[(at + Method.Length)..],
                    HttpExtension = new HTTPExtension { Verb = Enum.Parse<HTTPExtension.Types.Verb>(verb, ignoreCase: true) },
                },
            }
            : null;
    }
}
