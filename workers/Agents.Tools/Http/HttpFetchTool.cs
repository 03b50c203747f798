using System.Net.Sockets;
using System.Text;
using Agents.Contracts.Runs;

namespace Agents.Tools.Http;

/// <summary>GET of an allowed address, redirects checked one by one, size bounded, text only.</summary>
sealed class HttpFetchTool(ToolSpec spec) : ITool
{
    const int RedirectsMax = 5;
    const int DefaultBytes = 65_536;

    public ToolSpec Spec { get; } = spec;

    public async Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel)
    {
        if (!Uri.TryCreate(call.Arguments.Required("url"), UriKind.Absolute, out var address))
        {
            return new ToolOutcome.Refusal("'url' is no absolute address such as https://example.org/page");
        }

        var allow = new AllowList(call.Settings.HttpAllow);
        using var http = GuardedHttp.Client(allow);
        try
        {
            var bytesMax = (int)(call.Arguments.Number("maxBytes") ?? DefaultBytes);
            return await FetchAsync(http, allow, address, bytesMax, cancel);
        }
        catch (Exception e) when (GuardedHttp.RefusalIn(e) is { } refusal)
        {
            return new ToolOutcome.Refusal(refusal.Message);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            return new ToolOutcome.Refusal($"'{address}' could not be fetched: {e.Message}");
        }
    }

    static async Task<ToolOutcome> FetchAsync(
        HttpClient http, AllowList allow, Uri address, int bytesMax, CancellationToken cancel)
    {
        for (var hops = 0; hops <= RedirectsMax; hops++)
        {
            if (allow.Refuse(address) is { } why)
            {
                return new ToolOutcome.Refusal(hops == 0 ? why : $"a redirect was not followed: {why}");
            }

            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            request.Headers.UserAgent.ParseAdd("agents/0.1");
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            if ((int)response.StatusCode is < 300 or >= 400 || response.Headers.Location is not { } location)
            {
                return await AnswerAsync(response, address, bytesMax, cancel);
            }

            address = new Uri(address, location);
        }

        return new ToolOutcome.Refusal($"more than {RedirectsMax} redirects; the last led to '{address}'");
    }

    static async Task<ToolOutcome> AnswerAsync(
        HttpResponseMessage response, Uri address, int bytesMax, CancellationToken cancel)
    {
        var (bytes, truncated) = await GuardedHttp.ReadAsync(response.Content, bytesMax, cancel);
        var type = response.Content.Headers.ContentType;
        if (bytes.AsSpan().Contains((byte)0))
        {
            return new ToolOutcome.Refusal($"'{address}' is binary ({type?.MediaType ?? "no content type"}); it cannot be shown");
        }

        var text = Encode(type?.CharSet).GetString(bytes);
        return new ToolOutcome.Answer(Json.Object(w =>
        {
            w.WriteString("url", address.ToString());
            w.WriteNumber("status", (int)response.StatusCode);
            w.WriteString("contentType", type?.MediaType ?? "");
            w.WriteString("text", text);
            w.WriteBoolean("truncated", truncated);
        }));
    }

    static Encoding Encode(string? charset)
    {
        try
        {
            return charset is null ? Encoding.UTF8 : Encoding.GetEncoding(charset.Trim('"'));
        }
        catch (ArgumentException)
        {
            return Encoding.UTF8;
        }
    }
}
