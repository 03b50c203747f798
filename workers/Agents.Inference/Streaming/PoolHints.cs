using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Serialization;
using Agents.Contracts.Pool;
using Agents.Contracts.Runs;
using Agents.Inference.Requests;

namespace Agents.Inference.Streaming;

/// <summary>
/// Tells a pool of model workers what comes between two calls of a run: it waits for tools and will be back in about so
/// long, by how long its tools took before; or it ended and what is held for it may go. Only hints: sent once, beside the
/// work, and nobody waits for them.
/// </summary>
public sealed class PoolHints(Func<Uri, HttpMessageInvoker> send, TimeProvider clock, Func<string, string?> variable)
{
    const int RunsMax = 4_096;
    const int AtOnceMax = 32;
    const double Newest = 0.3;
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    readonly ConcurrentDictionary<string, Pause> _pauses = new(StringComparer.Ordinal);
    int _inFlight;

    /// <summary>The headers of a call; names that a header cannot carry are left out.</summary>
    internal static void Describe(HttpRequestHeaders headers, PoolCall call)
    {
        Add(headers, PoolHeaders.Run, call.Run);
        Add(headers, PoolHeaders.Prefix, call.Prefix);
        Add(headers, PoolHeaders.Tenant, call.Tenant);
        headers.Add(PoolHeaders.Class, call.Class == RunClass.Batch ? PoolHeaders.Batch : PoolHeaders.Interactive);
    }

    static void Add(HttpRequestHeaders headers, string name, string value)
    {
        const int Longest = 200;
        if (value.Length is > 0 and <= Longest && !value.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            headers.Add(name, value);
        }
    }

    /// <summary>The run's next call begins: its tools took from the last reply until now.</summary>
    public void Calls(PoolCall call)
    {
        if (_pauses.TryGetValue(call.Run, out var pause) && pause.Since is { } since)
        {
            var passed = clock.GetElapsedTime(since).TotalMilliseconds;
            _pauses[call.Run] = new Pause(null, pause.Milliseconds is { } before ? (before * (1 - Newest)) + (passed * Newest) : passed);
        }
    }

    /// <summary>The run has its reply: <paramref name="ended"/> where no tool was called, so that no call need follow.</summary>
    /// <returns>Completes when the hint was sent or given up; nobody need wait for it.</returns>
    public Task Replied(ModelProfile profile, PoolCall call, bool ended)
    {
        double? back = null;
        if (ended)
        {
            _pauses.TryRemove(call.Run, out _);
        }
        else
        {
            back = _pauses.TryGetValue(call.Run, out var pause) ? pause.Milliseconds : null;
            if (_pauses.Count < RunsMax || pause is not null)
            {
                _pauses[call.Run] = new Pause(clock.GetTimestamp(), back);
            }
        }

        return profile.Pool ? SendAsync(profile, call, new RunHintBody(ended, (long?)back, call.Prefix)) : Task.CompletedTask;
    }

    async Task SendAsync(ModelProfile profile, PoolCall call, RunHintBody hint)
    {
        var root = profile.BaseUrl.TrimEnd('/') is var given && given.EndsWith("/v1", StringComparison.Ordinal) ? given[..^3] : given;
        if (Interlocked.Increment(ref _inFlight) > AtOnceMax
            || !Uri.TryCreate($"{root}/pool/runs/{Uri.EscapeDataString(call.Run)}", UriKind.Absolute, out var address))
        {
            Interlocked.Decrement(ref _inFlight);
            return;
        }

        try
        {
            using var patience = new CancellationTokenSource(s_patience, clock);
            using var message = new HttpRequestMessage(HttpMethod.Post, address) { Content = JsonContent.Create(hint, HintJson.Default.RunHintBody) };
            if (RequestCheck.Key(profile, variable) is { } key)
            {
                message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            }

            using var answer = await send(address).SendAsync(message, patience.Token);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            // The pool does without.
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }

    /// <param name="Since">When the last reply came, while the run is at its tools.</param>
    /// <param name="Milliseconds">How long its tools take, as far as is known.</param>
    sealed record Pause(long? Since, double? Milliseconds);
}

/// <summary>The JSON of hints.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RunHintBody))]
sealed partial class HintJson : JsonSerializerContext;
