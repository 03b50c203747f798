using System.Net.Http.Headers;
using Agents.Inference.Streaming;
using Agents.Pool.Dapr;
using Agents.Pool.Queue;

namespace Agents.Pool.Passing;

/// <summary>The connections to model servers: direct, or by Dapr's sidecar where a worker's address names an app of it.</summary>
sealed class WorkerTransport(PoolOptions options) : IDisposable
{
    readonly ModelTransport _direct = new();
    readonly DaprApps? _dapr = options.Dapr is { } sidecar ? new DaprApps(sidecar, options.DaprToken) : null;

    public Uri Uri(string address, string path) => address.StartsWith(ReportCheck.Dapr, StringComparison.Ordinal)
        ? new Uri($"http://{address[ReportCheck.Dapr.Length..]}/v1/{path}")
        : new Uri($"{address.TrimEnd('/')}/{path}");

    /// <summary>Sends; the answer comes as soon as its headers are there.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, string address, CancellationToken cancel)
    {
        if (options.WorkerKey is { } key)
        {
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        return address.StartsWith(ReportCheck.Dapr, StringComparison.Ordinal)
            ? _dapr!.SendAsync(message, address[ReportCheck.Dapr.Length..], cancel)
            : _direct.For(message.RequestUri!).SendAsync(message, cancel);
    }

    public void Dispose()
    {
        _direct.Dispose();
        _dapr?.Dispose();
    }
}
