using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Agents.EndToEnd.CommandLine;

/// <summary>An HTTP endpoint that acts on every call, keeps each key that arrived, and does not answer one of them.</summary>
sealed class SlowWorld : IAsyncDisposable
{
    readonly HttpListener _listener = new();
    readonly TaskCompletionSource _hanging = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly ConcurrentQueue<string> _arrivals = [];
    readonly int _hangAt;
    readonly Task _serving;

    public SlowWorld(int hangAt)
    {
        _hangAt = hangAt;
        Address = new Uri($"http://127.0.0.1:{FreePort()}/");
        _listener.Prefixes.Add(Address.ToString());
        _listener.Start();
        _serving = ServeAsync();
    }

    public Uri Address { get; }

    /// <summary>Idempotency keys in the order they came, repeats included.</summary>
    public IReadOnlyCollection<string> Arrivals => _arrivals;

    /// <summary>The call that gets no answer has acted.</summary>
    public Task Hanging => _hanging.Task;

    async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var context = await _listener.GetContextAsync();
                _arrivals.Enqueue(context.Request.Headers["Idempotency-Key"] ?? "");
                if (_arrivals.Count == _hangAt)
                {
                    _hanging.SetResult();
                    continue;
                }

                await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes($$"""{"lines":{{_arrivals.Count}},"bytes":1}"""));
                context.Response.Close();
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // Closed.
        }
    }

    static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving;
    }
}
