using System.Net;
using System.Text;
using System.Text.Json;
using Agents.Contracts.Effects;
using Agents.Contracts.Runs;
using Agents.Tools.Running;

namespace Agents.Tools.Http;

/// <summary>One HTTP tool on the wire: the call, and the look-up of an earlier call by its key.</summary>
sealed class HttpEndpoint(ToolEnvironment environment, HttpClient client, AllowList allow, HttpToolSettings settings)
{
    public async Task<ToolOutcome> CallAsync(ToolInvocation call, CancellationToken cancel)
    {
        using var request = Request(new HttpMethod(settings.Method.ToUpperInvariant()), Address(call));
        request.Headers.TryAddWithoutValidation("Idempotency-Key", call.Key);
        if (request.Method != HttpMethod.Get)
        {
            request.Content = new StringContent(call.Arguments.GetRawText(), Encoding.UTF8, "application/json");
        }

        if (call.Spec.Effect == EffectClass.AtMostOnce && !call.MayAct())
        {
            return new ToolOutcome.NotStarted("the start deadline has passed or the attempt is no longer current");
        }

        try
        {
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            var (bytes, _) = await GuardedHttp.ReadAsync(response.Content, ResultBounds.ResultBytesMax, cancel);
            return Outcome(response.StatusCode, Encoding.UTF8.GetString(bytes), call.Spec);
        }
        catch (Exception e) when (GuardedHttp.RefusalIn(e) is { } refusal)
        {
            return new ToolOutcome.Fault(ToolErrors.BadToolEntry, refusal.Message, Retriable: false);
        }
        catch (HttpRequestException e) when (NeverSent(e))
        {
            return Failed(call.Spec, $"cannot be reached: {e.Message}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return new ToolOutcome.Ambiguous(
                $"the connection to '{settings.Url}' failed after the request was sent: {e.Message}");
        }
    }

    public async Task<ProbeOutcome> LookUpAsync(string key, CancellationToken cancel)
    {
        var address = Checked(settings.ProbeUrl!.Replace("{key}", Uri.EscapeDataString(key), StringComparison.Ordinal));
        using var request = Request(HttpMethod.Get, address);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        var (bytes, _) = await GuardedHttp.ReadAsync(response.Content, ResultBounds.ResultBytesMax, cancel);
        return response.StatusCode switch
        {
            HttpStatusCode.OK => new ProbeOutcome.Happened(Encoding.UTF8.GetString(bytes), $"{address} answered 200"),
            HttpStatusCode.NotFound => new ProbeOutcome.Absent($"{address} answered 404", settings.ProbeFences),
            var other => new ProbeOutcome.Unknown($"the probe {address} answered {(int)other}; 200 or 404 was expected"),
        };
    }

    static ToolOutcome Outcome(HttpStatusCode status, string body, ToolSpec spec) => (int)status switch
    {
        >= 200 and < 300 => new ToolOutcome.Answer(body),
        429 => Failed(spec, "answered 429 (too many requests)"),
        408 or >= 500 => spec.Effect == EffectClass.AtMostOnce
            ? new ToolOutcome.Ambiguous($"tool '{spec.Name}' answered {(int)status}, which does not say whether it acted")
            : Failed(spec, $"answered {(int)status}"),
        _ => new ToolOutcome.Refusal($"the tool answered {(int)status}: {body}"),
    };

    static ToolOutcome.Fault Failed(ToolSpec spec, string what) =>
        new(ToolErrors.HttpToolFailed, $"HTTP tool '{spec.Name}' {what}", Retriable: true);

    static bool NeverSent(HttpRequestException e) => e.HttpRequestError is
        HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
        or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError;

    Uri Address(ToolInvocation call)
    {
        if (!settings.Method.Equals("GET", StringComparison.OrdinalIgnoreCase))
        {
            return Checked(settings.Url);
        }

        var query = string.Join('&', call.Arguments.EnumerateObject().Select(m =>
            $"{Uri.EscapeDataString(m.Name)}={Uri.EscapeDataString(Plain(m.Value))}"));
        return Checked(query.Length == 0 ? settings.Url
            : settings.Url + (settings.Url.Contains('?', StringComparison.Ordinal) ? "&" : "?") + query);
    }

    static string Plain(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();

    Uri Checked(string text)
    {
        var why = Uri.TryCreate(text, UriKind.Absolute, out var address) ? allow.Refuse(address) : $"'{text}' is no address";
        return why is null ? address! : throw new ToolFaultException(ToolErrors.BadToolEntry, $"{why}; extend httpAllow");
    }

    HttpRequestMessage Request(HttpMethod method, Uri address)
    {
        var request = new HttpRequestMessage(method, address);
        foreach (var (header, variable) in settings.HeaderEnv)
        {
            var value = environment.Variable(variable) ?? throw new ToolFaultException(
                ToolErrors.VariableMissing, $"environment variable '{variable}' (header '{header}' of an HTTP tool) is not set");
            request.Headers.TryAddWithoutValidation(header, value);
        }

        return request;
    }
}
