using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Agents.Inference.Streaming;
using Agents.Pool.Queue;
using Agents.Pool.Workers;

namespace Agents.Pool.Passing;

/// <summary>How an attempt began.</summary>
enum AttemptStart
{
    /// <summary>An answer is there with its first bytes: it can be passed on.</summary>
    Answers,

    /// <summary>The worker has no room; its answer is kept.</summary>
    Busy,

    /// <summary>No answer that may be passed on.</summary>
    Failed,
}

/// <summary>
/// One request on one worker, up to the first bytes of the answer and then to its end. Until those are passed on it may be
/// given up for another without anybody seeing it.
/// </summary>
sealed class Attempt : IAsyncDisposable
{
    const int ErrorBytesMax = 64 << 10;
    const int FirstBytesMax = 16 << 10;

    readonly IdleDeadline _idle;
    readonly CancellationTokenSource _given;
    HttpResponseMessage? _response;
    Stream? _stream;
    byte[] _first = [];

    public Attempt(Place place, TimeProvider clock, TimeSpan idleMax, CancellationToken cancel)
    {
        Place = place;
        _given = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        _idle = new IdleDeadline(clock, idleMax, _given.Token);
    }

    public Place Place { get; }

    public HttpResponseMessage Response => _response ?? throw new InvalidOperationException("there is no answer yet");

    /// <summary>The first bytes of the answer's body; all of it where it was kept as an error.</summary>
    public ReadOnlyMemory<byte> First => _first;

    /// <summary>Why it failed, for people.</summary>
    public string? Failure { get; private set; }

    public bool IsStream => _response?.Content.Headers.ContentType?.MediaType == "text/event-stream";

    /// <summary>Sends the request and waits for the first bytes. Only the caller's own cancel throws.</summary>
    public async Task<AttemptStart> BeginAsync(Call call, WorkerTransport transport)
    {
        try
        {
            using var message = Message(call, transport);
            _response = await transport.SendAsync(message, Place.Address, _idle.Token);
            _idle.Heard();
            _stream = await _response.Content.ReadAsStreamAsync(_idle.Token);
            return _response.StatusCode switch
            {
                HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable => await KeepErrorAsync(AttemptStart.Busy),
                >= HttpStatusCode.InternalServerError => await KeepErrorAsync(AttemptStart.Failed),
                HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => await KeepErrorAsync(AttemptStart.Failed),
                _ => await FirstBytesAsync(),
            };
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException && !_given.IsCancellationRequested)
        {
            Failure = Why(e);
            return AttemptStart.Failed;
        }
    }

    HttpRequestMessage Message(Call call, WorkerTransport transport)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, transport.Uri(Place.Address, call.Path))
        {
            Content = new ReadOnlyMemoryContent(call.Body),
        };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        foreach (var (name, value) in call.Carried)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        return message;
    }

    async Task<AttemptStart> FirstBytesAsync()
    {
        var buffer = new byte[FirstBytesMax];
        var read = await _stream!.ReadAsync(buffer, _idle.Token);
        _idle.Heard();
        _first = buffer[..read];
        Place.Answers();
        return AttemptStart.Answers;
    }

    async Task<AttemptStart> KeepErrorAsync(AttemptStart start)
    {
        var buffer = new byte[ErrorBytesMax];
        var length = 0;
        while (length < buffer.Length && await _stream!.ReadAsync(buffer.AsMemory(length), _idle.Token) is > 0 and var read)
        {
            length += read;
        }

        _first = buffer[..length];
        var status = (int)_response!.StatusCode;
        Failure = status is 401 or 403
            ? $"answers {status}: it does not take the key this pool shows"
            : $"answers {status}: {Brief(Encoding.UTF8.GetString(_first))}";
        return start;
    }

    /// <summary>The next bytes after the first into <paramref name="buffer"/>; 0 at the end. Throws where the stream breaks.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer)
    {
        var read = await _stream!.ReadAsync(buffer, _idle.Token);
        _idle.Heard();
        return read;
    }

    /// <summary>Gives it up: the worker sees its connection close.</summary>
    public void Cancel() => _given.Cancel();

    /// <summary>What a broken attempt says to people.</summary>
    public string Why(Exception e) => _idle.Expired ? "was silent for too long" : e switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => $"cannot be connected to: {e.Message}",
        _ => $"broke off: {e.Message}",
    };

    static string Brief(string text) => text.Length <= 300 ? text : text[..300] + "…";

    public ValueTask DisposeAsync()
    {
        _given.Cancel();
        _response?.Dispose();
        _idle.Dispose();
        _given.Dispose();
        return ValueTask.CompletedTask;
    }
}
