using System.Diagnostics.CodeAnalysis;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Inference.Failures;
using Agents.Inference.Profiles;
using Agents.Inference.Requests;

namespace Agents.Inference.Streaming;

/// <summary>
/// Calls a model over chat completions, once. Every expected end is a return value; only the caller's own cancel
/// throws. Nothing is retried here: each attempt is journalled by the engine, and the wait between two is its timer.
/// </summary>
/// <param name="send">What sends a request to an address; see <see cref="ModelTransport.For"/>.</param>
/// <param name="variable">Reads an environment variable; the key is asked for at each call and kept nowhere.</param>
public sealed class ChatClient(
    Func<Uri, HttpMessageInvoker> send, TimeProvider clock, Func<string, string?> variable, ModelBounds? bounds = null)
{
    readonly ModelBounds _bounds = bounds ?? new ModelBounds();

    public async Task<ModelOutcome> CallAsync(
        ModelRequest request, Action<ModelDelta>? onDelta, CancellationToken cancel)
    {
        if (RequestCheck.Refusal(request, variable) is { } refusal)
        {
            return new ModelOutcome.Failed(refusal);
        }

        using var idle = new IdleDeadline(clock, request.Profile.IdleTimeout, cancel);
        var attempt = new Attempt(request, new ReplyBuilder(_bounds, onDelta), clock.GetTimestamp());
        ModelError? error;
        try
        {
            error = await ReadAsync(attempt, idle);
        }
        catch (Exception e) when (Expected(e))
        {
            cancel.ThrowIfCancellationRequested();
            error = attempt.Reply.Finished && e is not BoundReached ? null : Broken(request.Profile, e, idle);
        }

        return Finish(attempt, error);
    }

    sealed record Attempt(ModelRequest Request, ReplyBuilder Reply, long Started)
    {
        public long RequestBytes { get; set; }
        public long? FirstToken { get; set; }
    }

    async Task<ModelError?> ReadAsync(Attempt attempt, IdleDeadline idle)
    {
        var profile = attempt.Request.Profile;
        var address = RequestCheck.Address(profile)!;
        using var body = new RequestBody(attempt.Request);
        attempt.RequestBytes = body.Length;
        using var message = new HttpRequestMessage(HttpMethod.Post, address) { Content = body };
        message.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        message.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (RequestCheck.Key(profile, variable) is { } key)
        {
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        if (profile.Pool && attempt.Request.Pool is { } call)
        {
            PoolHints.Describe(message.Headers, call);
        }

        using var response = await send(address).SendAsync(message, idle.Token);
        idle.Heard();
        await using var stream = new GuardedStream(
            await response.Content.ReadAsStreamAsync(idle.Token), idle, _bounds);
        if (!response.IsSuccessStatusCode)
        {
            var text = await ReadErrorAsync(stream);
            return ErrorClassifier.FromHttp(
                profile, response.StatusCode, text, RetryAfterReader.Read(response.Headers, clock.GetUtcNow()));
        }

        // A server that does not stream answers with one JSON document, possibly after blank lines to keep us waiting.
        return response.Content.Headers.ContentType?.MediaType == "application/json"
            ? await ReadWholeAsync(attempt, stream)
            : await ReadEventsAsync(attempt, stream);
    }

    async Task<ModelError?> ReadEventsAsync(Attempt attempt, GuardedStream stream)
    {
        await foreach (var item in SseParser.Create(stream, ParseEvent).EnumerateAsync())
        {
            using var chunk = item.Data.Chunk;
            if (item.Data.Done)
            {
                break;
            }

            if (chunk is not null && Take(attempt, chunk.RootElement, item.EventType == "error") is { } error)
            {
                return error;
            }
        }

        return !attempt.Reply.Finished && stream.ErrorLine is { } line
            ? ErrorClassifier.FromStream(attempt.Request.Profile, ErrorBody.Parse(line))
            : null;
    }

    async Task<ModelError?> ReadWholeAsync(Attempt attempt, GuardedStream stream)
    {
        using var document = await JsonDocument.ParseAsync(stream);
        return Take(attempt, document.RootElement, false);
    }

    ModelError? Take(Attempt attempt, JsonElement chunk, bool isError)
    {
        if (isError || ErrorBody.IsError(chunk))
        {
            return ErrorClassifier.FromStream(attempt.Request.Profile, ErrorBody.Read(chunk));
        }

        attempt.Reply.Add(chunk);
        if (attempt.FirstToken is null && attempt.Reply.Chars > 0)
        {
            attempt.FirstToken = Milliseconds(attempt.Started);
        }

        return null;
    }

    ModelOutcome Finish(Attempt attempt, ModelError? error)
    {
        var usage = attempt.Reply.Usage.Result(attempt.RequestBytes, attempt.Reply.Chars);
        if (error is not null)
        {
            var charged = attempt.Reply.Usage.Any || attempt.Reply.Chars > 0;
            return new ModelOutcome.Failed(error with { Usage = charged ? usage : null });
        }

        var profile = attempt.Request.Profile;
        return attempt.Reply.Build(attempt.Request.Tools.Length > 0, usage) switch
        {
            ModelOutcome.Replied replied => new ModelOutcome.Replied(replied.Reply with
            {
                Model = replied.Reply.Model ?? profile.Model,
                CostUsd = PriceList.Cost(profile, usage, DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime)),
                DurationMs = Milliseconds(attempt.Started),
                FirstTokenMs = attempt.FirstToken,
            }),
            ModelOutcome.Failed failed => new ModelOutcome.Failed(failed.Error with
            {
                Message = $"{failed.Error.Message} ({Places.Of(profile)})",
            }),
            var other => other,
        };
    }

    async Task<string> ReadErrorAsync(GuardedStream stream)
    {
        var buffer = new byte[_bounds.ErrorBodyBytesMax];
        var length = 0;
        try
        {
            while (length < buffer.Length)
            {
                var read = await stream.ReadAsync(buffer.AsMemory(length));
                if (read == 0)
                {
                    break;
                }

                length += read;
            }
        }
        catch (Exception e) when (e is IOException or BoundReached)
        {
            // The status alone still says what happened.
        }

        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    readonly record struct WireEvent(bool Done, JsonDocument? Chunk);

    [SuppressMessage("Reliability", "CA2000", Justification = "the reader of the event disposes the document")]
    static WireEvent ParseEvent(string eventType, ReadOnlySpan<byte> data)
    {
        data = data.Trim((byte)' ');
        if (data.IsEmpty || data.SequenceEqual("[DONE]"u8))
        {
            return new WireEvent(!data.IsEmpty, null);
        }

        var reader = new Utf8JsonReader(data);
        return new WireEvent(false, JsonDocument.ParseValue(ref reader));
    }

    static bool Expected(Exception e) =>
        e is HttpRequestException or IOException or OperationCanceledException or JsonException or BoundReached;

    static ModelError Broken(ModelProfile profile, Exception e, IdleDeadline idle) => e switch
    {
        BoundReached bound => new ModelError(
            ModelErrorKind.OverBound, $"AG4015: {Places.Of(profile)}: {bound.Message}"),
        JsonException => new ModelError(
            ModelErrorKind.Transient, $"AG4011: {Places.Of(profile)} sent what is no JSON. The same request is sent again later"),
        _ when idle.Expired => new ModelError(
            ModelErrorKind.Transient,
            $"AG4012: {Places.Of(profile)} was silent for {profile.IdleTimeout.TotalSeconds:0} s. The same request is sent again later"),
        _ => new ModelError(
            ModelErrorKind.Transient,
            $"AG4011: {Places.Of(profile)}: {Why(e)}. The same request is sent again later"),
    };

    static string Why(Exception e) => e switch
    {
        HttpRequestException { InnerException: IOException inner } => $"the connection broke: {inner.Message}",
        HttpRequestException http => $"no connection: {http.Message}",
        OperationCanceledException { InnerException: TimeoutException timeout } => timeout.Message,
        _ => $"the connection broke: {e.Message}",
    };

    long Milliseconds(long since) => (long)clock.GetElapsedTime(since).TotalMilliseconds;
}
