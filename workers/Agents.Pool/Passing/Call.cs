using System.Buffers;
using System.Text.Json;
using Agents.Access;
using Agents.Pool.Routing;
using Microsoft.AspNetCore.Http;

namespace Agents.Pool.Passing;

/// <summary>A request with its body in memory, so that it can be sent again as long as nothing was passed on.</summary>
sealed class Call : IDisposable
{
    static readonly string[] s_carried = ["Accept", "traceparent", "tracestate", "x-request-id"];

    readonly byte[] _buffer;
    readonly HeldBytes _held;
    readonly int _length;

    Call(byte[] buffer, int length, HeldBytes held) => (_buffer, _length, _held) = (buffer, length, held);

    public required PoolRequest Request { get; init; }

    /// <summary>Path below the version segment, such as chat/completions.</summary>
    public required string Path { get; init; }

    public required long PromptBytes { get; init; }

    public TimeSpan? Deadline { get; private init; }

    /// <summary>Headers that go on to the worker.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Carried { get; private init; } = [];

    public ReadOnlyMemory<byte> Body => _buffer.AsMemory(0, _length);

    /// <summary>Reads the request; throws <see cref="CallRefusedException"/> where it cannot be taken.</summary>
    public static async Task<Call> ReadAsync(HttpContext context, string path, PoolOptions options, HeldBytes held, TokenRatio ratio)
    {
        var headers = CallHeaders.Read(context.Request.Headers);
        var (buffer, length) = await BodyAsync(context, options, held);
        try
        {
            var facts = Facts(buffer.AsSpan(0, length));
            return new Call(buffer, length, held)
            {
                Path = path, PromptBytes = facts.PromptBytes, Deadline = headers.Deadline, Carried = Carry(context.Request.Headers),
                Request = Describe(facts, headers, TenantOf(context, headers), ratio),
            };
        }
        catch
        {
            Return(buffer, held);
            throw;
        }
    }

    /// <summary>How routing names the beginning of a run that has this identity.</summary>
    public static string PrefixOf(string run, string? prefix) => $"run:{run}{(prefix is null ? "" : "/" + prefix)}";

    static BodyFacts Facts(ReadOnlySpan<byte> body)
    {
        try
        {
            var facts = BodyFacts.Read(body);
            return facts.Model.Length > 0 ? facts : throw new CallRefusedException(400, "'model' must name a model");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // A string that is no Unicode, such as half of an emoji, is found where it is read.
            throw new CallRefusedException(400, $"the body cannot be read: {e.Message}");
        }
    }

    static PoolRequest Describe(BodyFacts facts, CallHeaders headers, string tenant, TokenRatio ratio)
    {
        var run = headers.Run ?? facts.Conversation;
        var own = run is not null ? PrefixOf(run, headers.Prefix) : facts.Opening is { } opening ? $"opening:{opening}" : null;
        var prompt = facts.PromptIds ?? ratio.Tokens(facts.Model, facts.PromptBytes);
        return new PoolRequest
        {
            Model = facts.Model, Tenant = tenant, Class = headers.Class, Run = run ?? own,
            Prefixes = own is null ? [] : facts.Head is { } head ? [own, $"head:{head}"] : [own],
            SharedTokens = facts.Head is null ? 0 : Math.Min(prompt, ratio.Tokens(facts.Model, facts.HeadBytes)),
            PromptTokens = Math.Max(1, prompt), TokensMax = facts.TokensMax,
        };
    }

    static List<KeyValuePair<string, string>> Carry(IHeaderDictionary headers) =>
        [.. s_carried.Where(headers.ContainsKey).Select(name => KeyValuePair.Create(name, headers[name].ToString()))];

    /// <summary>Who shows a key is known by it; a header may divide further, or say all where there are no keys.</summary>
    static string TenantOf(HttpContext context, CallHeaders headers) =>
        headers.Tenant ?? (context.User.Identity is { IsAuthenticated: true, Name.Length: > 0 } shown ? shown.Name : "default");

    static async Task<(byte[] Buffer, int Length)> BodyAsync(HttpContext context, PoolOptions options, HeldBytes held)
    {
        var request = context.Request;
        if (request.ContentLength > options.RequestBytesMax)
        {
            throw TooLarge(options);
        }

        var buffer = Rent((int)(request.ContentLength ?? 16_384) + 1, held);
        try
        {
            var length = 0;
            while (await request.Body.ReadAsync(buffer.AsMemory(length), context.RequestAborted) is > 0 and var read)
            {
                length += read;
                if (length > options.RequestBytesMax)
                {
                    throw TooLarge(options);
                }

                if (length == buffer.Length)
                {
                    var larger = Rent(buffer.Length * 2, held);
                    buffer.AsSpan(0, length).CopyTo(larger);
                    Return(buffer, held);
                    buffer = larger;
                }
            }

            return (buffer, length);
        }
        catch
        {
            Return(buffer, held);
            throw;
        }
    }

    static byte[] Rent(int length, HeldBytes held)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        if (held.TryAdd(buffer.Length))
        {
            return buffer;
        }

        ArrayPool<byte>.Shared.Return(buffer);
        throw new CallRefusedException(429, "the requests in work fill the memory they may take", "queue_full", TimeSpan.FromSeconds(1));
    }

    static void Return(byte[] buffer, HeldBytes held)
    {
        held.Remove(buffer.Length);
        ArrayPool<byte>.Shared.Return(buffer);
    }

    static CallRefusedException TooLarge(PoolOptions options) =>
        new(413, $"the body is larger than the {options.RequestBytesMax} bytes this pool takes", "request_too_large");

    public void Dispose() => Return(_buffer, _held);
}

/// <summary>Bytes of bodies in memory, bounded. Safe for use by many threads.</summary>
sealed class HeldBytes(long max)
{
    long _bytes;

    public long Bytes => Interlocked.Read(ref _bytes);

    public bool TryAdd(int bytes)
    {
        if (Interlocked.Add(ref _bytes, bytes) <= max)
        {
            return true;
        }

        Remove(bytes);
        return false;
    }

    public void Remove(int bytes) => Interlocked.Add(ref _bytes, -bytes);
}
