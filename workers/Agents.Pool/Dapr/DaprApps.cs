using System.Collections.Concurrent;
using Dapr.Client;

namespace Agents.Pool.Dapr;

/// <summary>Calls apps by Dapr's service invocation, through its own client library. One connection pool an app.</summary>
sealed class DaprApps(Uri sidecar, string? token) : IDisposable
{
    readonly ConcurrentDictionary<string, HttpClient> _apps = new(StringComparer.Ordinal);

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, string app, CancellationToken cancel) =>
        _apps.GetOrAdd(app, Open).SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancel);

    HttpClient Open(string app)
    {
        var client = DaprClient.CreateInvokeHttpClient(app, sidecar.ToString().TrimEnd('/'), token);
        client.Timeout = Timeout.InfiniteTimeSpan; // a reply takes as long as it takes; the attempt has deadlines of its own
        return client;
    }

    public void Dispose()
    {
        foreach (var client in _apps.Values)
        {
            client.Dispose();
        }
    }
}
