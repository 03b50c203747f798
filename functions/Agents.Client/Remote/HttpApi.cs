using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Agents.Client.Runs;

namespace Agents.Client.Remote;

/// <summary>One connection to a host: its Unix socket, or an http address. Problems come back as faults.</summary>
public sealed class HttpApi : IDisposable
{
    readonly HttpClient _http;
    readonly string _shown;

    HttpApi(HttpClient http, string shown)
    {
        _http = http;
        _shown = shown;
    }

    public static HttpApi OnSocket(string path)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        return new HttpApi(
            new HttpClient(handler) { BaseAddress = new Uri("http://localhost"), Timeout = Timeout.InfiniteTimeSpan }, path);
    }

    public static HttpApi At(Uri address) => new(
        new HttpClient(new SocketsHttpHandler()) { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan },
        address.ToString());

    /// <summary>Throws <see cref="RunFaultException"/> for a problem the host reports or when it is not there.</summary>
    public async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancel, HttpCompletionOption until = HttpCompletionOption.ResponseContentRead)
    {
        HttpResponseMessage answer;
        try
        {
            answer = await _http.SendAsync(request, until, cancel);
        }
        catch (HttpRequestException e)
        {
            throw new RunFaultException(
                Faults.HostGone, $"the hosting process does not answer: {e.Message}", _shown,
                "it may have just stopped: run the command again", e);
        }

        if (answer.IsSuccessStatusCode)
        {
            return answer;
        }

        using (answer)
        {
            throw await FaultAsync(answer, cancel);
        }
    }

    /// <summary>Null where the host says there is no such run.</summary>
    public async Task<T?> GetAsync<T>(string address, JsonTypeInfo<T> type, CancellationToken cancel)
        where T : class
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        try
        {
            using var answer = await SendAsync(request, cancel);
            return await ReadAsync(answer, type, cancel);
        }
        catch (RunFaultException e) when (e.Code == Faults.RunNotFound)
        {
            return null;
        }
    }

    public static async Task<T> ReadAsync<T>(HttpResponseMessage answer, JsonTypeInfo<T> type, CancellationToken cancel)
    {
        await using var body = await answer.Content.ReadAsStreamAsync(cancel);
        return (await JsonSerializer.DeserializeAsync(body, type, cancel))!;
    }

    public static HttpRequestMessage Post<T>(string address, T body, JsonTypeInfo<T> type) =>
        new(HttpMethod.Post, address)
        {
            Content = new StringContent(JsonSerializer.Serialize(body, type), Encoding.UTF8, "application/json"),
        };

    public static string Query(params (string Name, string? Value)[] fields)
    {
        var given = fields.Where(f => f.Value is not null).Select(f => $"{f.Name}={Uri.EscapeDataString(f.Value!)}");
        var text = string.Join('&', given);
        return text.Length == 0 ? "" : "?" + text;
    }

    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    static async Task<RunFaultException> FaultAsync(HttpResponseMessage answer, CancellationToken cancel)
    {
        try
        {
            var problem = await ReadAsync(answer, ClientJson.Default.Problem, cancel);
            return new RunFaultException(problem.Code, problem.Detail ?? problem.Title, problem.Where, problem.WhatToDo);
        }
        catch (JsonException e)
        {
            return new RunFaultException(
                Faults.Unavailable, $"the host answered {(int)answer.StatusCode} without a reason", null,
                "is something else listening there?", e);
        }
    }

    public void Dispose() => _http.Dispose();
}
