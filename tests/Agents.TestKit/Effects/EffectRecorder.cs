using System.Net;
using Agents.Tools.Effects;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Agents.TestKit.Effects;

/// <summary>
/// An HTTP service that has effects and remembers each one: POST /effects/{tool} with an Idempotency-Key arrives, and is
/// kept again if it comes again; GET /effects/{key} answers 200 with what the arrival answered, or 404. It can be told to
/// hold arrivals (the effect is there, the answer is not) or to cut the connection after them.
/// </summary>
public sealed class EffectRecorder : IAsyncDisposable
{
    readonly WebApplication _app;
    TaskCompletionSource? _held;
    int _cuts;
    int _atOnce, _mostAtOnce;

    EffectRecorder(WebApplication app) => _app = app;

    public ArrivalBook Book { get; } = new();

    public string Address { get; private set; } = "";

    /// <summary>"host:port", as an allow list wants it.</summary>
    public string HostAndPort => new Uri(Address).Authority;

    public static async Task<EffectRecorder> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var recorder = new EffectRecorder(app);
        app.MapPost("/effects/{tool}", recorder.ArriveAsync);
        app.MapGet("/effects/{key}", recorder.Find);
        await app.StartAsync();
        recorder.Address = app.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.First();
        return recorder;
    }

    /// <summary>From now on arrivals are kept and get no answer until released.</summary>
    public void Hold() => Interlocked.CompareExchange(
        ref _held, new(TaskCreationOptions.RunContinuationsAsynchronously), null);

    public void Release() => Interlocked.Exchange(ref _held, null)?.SetResult();

    /// <summary>The next so many arrivals are kept and their connections cut without an answer.</summary>
    public void CutNext(int count) => Volatile.Write(ref _cuts, count);

    public async ValueTask DisposeAsync()
    {
        Release();
        await _app.DisposeAsync();
    }

    /// <summary>Calls that were here at the same time.</summary>
    public int MostAtOnce => Volatile.Read(ref _mostAtOnce);

    async Task ArriveAsync(HttpContext context, string tool)
    {
        var now = Interlocked.Increment(ref _atOnce);
        for (var most = MostAtOnce; now > most && Interlocked.CompareExchange(ref _mostAtOnce, now, most) != most; most = MostAtOnce)
        {
        }

        try
        {
            await TakeAsync(context, tool);
        }
        finally
        {
            Interlocked.Decrement(ref _atOnce);
        }
    }

    async Task TakeAsync(HttpContext context, string tool)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        var key = context.Request.Headers["Idempotency-Key"].ToString();
        if (Book.Arrive(key, tool, body) is not { } arrival)
        {
            context.Response.StatusCode = StatusCodes.Status409Conflict;
            return;
        }

        if (Volatile.Read(ref _held) is { } held)
        {
            await held.Task.WaitAsync(context.RequestAborted);
        }

        if (Interlocked.Decrement(ref _cuts) >= 0)
        {
            context.Abort();
            return;
        }

        await context.Response.WriteAsync(Answer(arrival));
    }

    IResult Find(string key, string? bar) =>
        Book.Find(key, bar is "true") is { } arrival ? Results.Text(Answer(arrival)) : Results.NotFound();

    static string Answer(Arrival arrival) => $$"""{"recorded":"{{arrival.Tool}}","body":{{arrival.Body}}}""";
}
