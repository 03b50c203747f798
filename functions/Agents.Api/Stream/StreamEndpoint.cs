using System.Text;
using Agents.Api.Http;
using Agents.Client.Progress;
using Agents.Client.Runs;
using Agents.Contracts.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Agents.Api.Stream;

/// <summary>
/// A run's stream as server-sent events. Ids are stream offsets: a reader that comes back with the last one it saw gets
/// exactly the bytes it would have got by staying. Leaving is never a cancel.
/// </summary>
sealed class StreamEndpoint(ApiServices services, ApiOptions options, CancellationToken stopping)
{
    int _open;

    public void Map(IEndpointRouteBuilder app) => app.MapGet("/api/v1/runs/{run}/stream", ServeAsync);

    async Task ServeAsync(HttpContext context)
    {
        var run = Exchange.Run(context);
        var after = After(context);
        var view = await services.Runs.GetAsync(run, context.RequestAborted) ?? throw Exchange.NoSuchRun(run);
        if (Interlocked.Increment(ref _open) > options.StreamsMax)
        {
            Interlocked.Decrement(ref _open);
            throw new RunFaultException(
                Faults.Unavailable, $"{options.StreamsMax} streams are open", "stream", "close one, or try again later");
        }

        try
        {
            using var until = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
            await CopyAsync(context, run, after, RunStatuses.IsEnded(view.Status), until.Token);
        }
        catch (OperationCanceledException)
        {
            // The reader left or we stop; the run goes on.
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    static StreamOffset? After(HttpContext context)
    {
        var header = context.Request.Headers["Last-Event-ID"].ToString();
        var text = header.Length > 0 ? header : Exchange.Text(context, "after");
        if (text is null)
        {
            return null;
        }

        return StreamOffset.TryParse(text, out var offset)
            ? offset
            : throw Exchange.Bad(header.Length > 0 ? "Last-Event-ID" : "after", "the id of an event of this stream");
    }

    async Task CopyAsync(HttpContext context, string run, StreamOffset? after, bool ended, CancellationToken cancel)
    {
        await using var events = services.Runs.StreamAsync(run, after, cancel).GetAsyncEnumerator(cancel);
        var next = events.MoveNextAsync().AsTask();
        try
        {
            if (ended && !await next)
            {
                // Nothing more will ever come; 204 tells an EventSource not to come back.
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                return;
            }

            await BeginAsync(context, cancel);
            while (true)
            {
                await KeepAliveUntilAsync(context, next, cancel);
                if (!await next)
                {
                    return;
                }

                await context.Response.Body.WriteAsync(Frame(events.Current), cancel);
                next = events.MoveNextAsync().AsTask();
                if (!next.IsCompleted)
                {
                    await context.Response.Body.FlushAsync(cancel);
                }
            }
        }
        finally
        {
            // An iterator must not be disposed while it moves; the reader's leaving has cancelled it.
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    static Task BeginAsync(HttpContext context, CancellationToken cancel)
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        return context.Response.Body.FlushAsync(cancel);
    }

    async Task KeepAliveUntilAsync(HttpContext context, Task<bool> next, CancellationToken cancel)
    {
        while (!next.IsCompleted)
        {
            try
            {
                await next.WaitAsync(options.KeepAliveEvery, services.Clock, cancel);
            }
            catch (TimeoutException)
            {
                await context.Response.Body.WriteAsync(": still here\n\n"u8.ToArray(), cancel);
                await context.Response.Body.FlushAsync(cancel);
            }
        }
    }

    static byte[] Frame(RunEvent e) => Encoding.UTF8.GetBytes(
        $"id: {e.Offset}\nevent: {RunEventJson.NameOf(e)}\ndata: {RunEventJson.Write(e)}\n\n");
}
