using System.Globalization;
using Agents.Contracts.Pool;
using Agents.Pool.Figures;
using Agents.Pool.Queue;
using Agents.Pool.Workers;
using Microsoft.AspNetCore.Http;

namespace Agents.Pool.Passing;

/// <summary>
/// Takes a request to a worker and its answer back, byte for byte and as it comes. As long as no byte of an answer was
/// passed on the request may go to another worker; from then on a broken stream is broken for the caller too.
/// </summary>
sealed class Passer(Dispatcher dispatcher, WorkerTransport transport, PoolOptions options, TimeProvider clock)
{
    const int ReadBytes = 16 << 10;

    readonly HeldBytes _held = new(options.HeldBytesMax);
    readonly TokenRatio _ratio = new();

    /// <summary>Bytes of requests in memory.</summary>
    public long BytesHeld => _held.Bytes;

    public async Task PassAsync(HttpContext context, string path)
    {
        var began = clock.GetTimestamp();
        try
        {
            using var call = await Call.ReadAsync(context, path, options, _held, _ratio);
            await using var attempt = await FindAsync(context, call, began);
            await PassOnAsync(context, call, attempt, began);
        }
        catch (CallRefusedException e)
        {
            dispatcher.Figures.Ended(e.Status is 429 or 503 ? RequestOutcome.NoRoom : e.Status >= 500 ? RequestOutcome.Failed : RequestOutcome.Refused);
            throw;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        {
            dispatcher.Figures.Ended(RequestOutcome.Left);
        }
    }

    /// <summary>An attempt whose answer may be passed on: an answer, or the last refusal where there is no better.</summary>
    async Task<Attempt> FindAsync(HttpContext context, Call call, long began)
    {
        var avoid = new List<string>();
        for (var tries = 1; ; tries++)
        {
            var place = await TurnAsync(context, call, avoid, began);
            var (attempt, start) = await BeginAsync(context, call, place, avoid);
            if (start == AttemptStart.Answers)
            {
                return attempt;
            }

            attempt.Place.End(start == AttemptStart.Busy ? WorkEnd.Busy : WorkEnd.Failed, failure: attempt.Failure);
            avoid.Add(attempt.Place.Worker);
            if (tries >= options.AttemptsMax)
            {
                return start == AttemptStart.Busy ? attempt : await FailAsync(attempt);
            }

            await attempt.DisposeAsync();
            dispatcher.Figures.Repeated();
        }
    }

    static async Task<Attempt> FailAsync(Attempt attempt)
    {
        var (worker, why) = (attempt.Place.Worker, attempt.Failure);
        await attempt.DisposeAsync();
        throw new CallRefusedException(502, $"no worker gave an answer; the last one tried, '{worker}', {why}", "worker_failed", TimeSpan.FromSeconds(1));
    }

    async Task<Place> TurnAsync(HttpContext context, Call call, List<string> avoid, long began)
    {
        var patience = (call.Deadline ?? options.WaitMax) - clock.GetElapsedTime(began);
        var turn = patience > TimeSpan.Zero
            ? await dispatcher.AskAsync(call.Request, patience, avoid, context.RequestAborted)
            : new Turn.Refused(RefusalKind.WaitedTooLong, TimeSpan.FromSeconds(1));
        return turn switch
        {
            Turn.Go go => go.Place,
            Turn.Refused refused => throw Refusal(call, refused, avoid.Count > 0),
            _ => throw new InvalidOperationException($"no answer for {turn.GetType().Name}"),
        };
    }

    static CallRefusedException Refusal(Call call, Turn.Refused refused, bool tried) => refused.Kind switch
    {
        RefusalKind.UnknownModel => new CallRefusedException(
            404, $"no worker serves the model '{call.Request.Model}'; GET /v1/models lists those that are served", "model_not_found"),
        RefusalKind.TooLong => new CallRefusedException(
            400, $"the prompt has about {call.Request.PromptTokens} tokens, more than any worker's context takes", "context_length_exceeded"),
        RefusalKind.QueueFull => new CallRefusedException(429, "as many requests wait as may", "queue_full", refused.RetryAfter),
        RefusalKind.NoWorker => new CallRefusedException(
            503, $"no worker with the model '{call.Request.Model}' is ready{(tried ? ", and those tried failed" : "")}", "no_worker", refused.RetryAfter),
        RefusalKind.Stopping => new CallRefusedException(503, "the pool is stopping", "stopping", refused.RetryAfter),
        _ => new CallRefusedException(503, "no worker had room in the time this request may wait", "waited_too_long", refused.RetryAfter),
    };

    /// <summary>Begins on that worker and, after a silence, beside it on another where that is wanted. The first answer counts.</summary>
    async Task<(Attempt Attempt, AttemptStart Start)> BeginAsync(HttpContext context, Call call, Place place, List<string> avoid)
    {
        var first = Open(context, place);
        try
        {
            var begun = first.BeginAsync(call, transport);
            if (options.HedgeAfter is not { } after || call.Request.Class != Routing.RequestClass.Interactive)
            {
                return (first, await begun);
            }

            using var early = new CancellationTokenSource();
            await Task.WhenAny(begun, Task.Delay(after, clock, early.Token));
            await early.CancelAsync();
            if (begun.IsCompleted || dispatcher.AskBeside(call.Request, [.. avoid, place.Worker]) is not { } other)
            {
                return (first, await begun);
            }

            dispatcher.Figures.Hedged();
            return await FasterAsync(first, begun, Open(context, other), call);
        }
        catch
        {
            await GiveUpAsync(first);
            throw;
        }
    }

    async Task<(Attempt, AttemptStart)> FasterAsync(Attempt first, Task<AttemptStart> begun, Attempt second, Call call)
    {
        var beside = second.BeginAsync(call, transport);
        var (early, other) = await Task.WhenAny(begun, beside) == begun
            ? ((Attempt: first, Begun: begun), (Attempt: second, Begun: beside))
            : ((Attempt: second, Begun: beside), (Attempt: first, Begun: begun));
        try
        {
            var start = await early.Begun;
            if (start == AttemptStart.Answers)
            {
                await LoseAsync(other.Attempt, other.Begun);
                return (early.Attempt, AttemptStart.Answers);
            }

            early.Attempt.Place.End(start == AttemptStart.Busy ? WorkEnd.Busy : WorkEnd.Failed, failure: early.Attempt.Failure);
            await early.Attempt.DisposeAsync();
            return (other.Attempt, await other.Begun);
        }
        catch
        {
            await GiveUpAsync(second);
            throw;
        }
    }

    static async Task LoseAsync(Attempt attempt, Task<AttemptStart> begun)
    {
        attempt.Place.End(WorkEnd.Left);
        attempt.Cancel();
        try
        {
            await begun;
        }
        catch (OperationCanceledException)
        {
            // That is what it was cancelled for.
        }

        await attempt.DisposeAsync();
    }

    static async Task GiveUpAsync(Attempt attempt)
    {
        attempt.Place.End(WorkEnd.Left);
        await attempt.DisposeAsync();
    }

    Attempt Open(HttpContext context, Place place) => new(place, clock, options.IdleMax, context.RequestAborted);

    async Task PassOnAsync(HttpContext context, Call call, Attempt attempt, long began)
    {
        var tail = new UsageTail();
        try
        {
            AnswerHead.Copy(attempt.Response, context.Response);
            context.Response.Headers[PoolHeaders.Worker] = attempt.Place.Worker;
            await context.Response.StartAsync(context.RequestAborted);
            await CopyAsync(context, attempt, tail, began);
        }
        catch
        {
            attempt.Place.End(WorkEnd.Left);
            throw;
        }

        var tokens = (int)attempt.Response.StatusCode < 300 ? tail.Read(attempt.IsStream) : default;
        if (tokens.Prompt is { } prompt)
        {
            _ratio.Learn(call.Request.Model, call.PromptBytes, prompt);
        }

        attempt.Place.End(WorkEnd.Done, tokens);
        var status = (int)attempt.Response.StatusCode;
        dispatcher.Figures.Ended(
            status < 400 ? RequestOutcome.Answered : status is 429 or 503 ? RequestOutcome.NoRoom : RequestOutcome.RefusedByWorker);
    }

    /// <summary>Throws <see cref="ReplyBrokenException"/> when the worker's stream broke.</summary>
    async Task CopyAsync(HttpContext context, Attempt attempt, UsageTail tail, long began)
    {
        var output = context.Response.BodyWriter;
        tail.Look(attempt.First.Span);
        await output.WriteAsync(attempt.First, context.RequestAborted);
        dispatcher.Figures.FirstByte.Add(clock.GetElapsedTime(began).TotalSeconds);
        if ((int)attempt.Response.StatusCode is 429 or 503)
        {
            return; // kept whole
        }

        while (true)
        {
            var memory = output.GetMemory(ReadBytes);
            int read;
            try
            {
                read = await attempt.ReadAsync(memory);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException && !context.RequestAborted.IsCancellationRequested)
            {
                attempt.Place.End(WorkEnd.Failed, failure: attempt.Why(e));
                dispatcher.Figures.Ended(RequestOutcome.Broken);
                throw new ReplyBrokenException(e);
            }

            if (read == 0)
            {
                return;
            }

            tail.Look(memory.Span[..read]);
            output.Advance(read);
            await output.FlushAsync(context.RequestAborted);
        }
    }
}

/// <summary>
/// A reply that broke off when part of it was passed on. Nobody catches it: the server then closes the connection behind
/// what was sent, without the mark of an end, so that what breaks off neither looks like an end nor loses what came before.
/// </summary>
sealed class ReplyBrokenException(Exception why) : Exception("the worker's reply broke off", why);

/// <summary>The head of an answer: everything but what belongs to one connection.</summary>
static class AnswerHead
{
    static readonly HashSet<string> s_ofConnection = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "Trailer", "TE", "Proxy-Authenticate", "Proxy-Connection", "Server", "Date",
    };

    public static void Copy(HttpResponseMessage from, HttpResponse to)
    {
        to.StatusCode = (int)from.StatusCode;
        foreach (var (name, values) in from.Headers.NonValidated.Concat(from.Content.Headers.NonValidated))
        {
            if (!s_ofConnection.Contains(name))
            {
                to.Headers[name] = values.ToArray();
            }
        }

        if (from.Content.Headers.ContentLength is { } length)
        {
            to.Headers.ContentLength = length;
        }
    }

    /// <summary>When a request may come again, in whole seconds as the header takes them.</summary>
    public static string Seconds(TimeSpan time) => ((long)Math.Max(1, Math.Ceiling(time.TotalSeconds))).ToString(CultureInfo.InvariantCulture);
}
