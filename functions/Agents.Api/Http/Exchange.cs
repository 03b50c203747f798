using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Agents.Client;
using Agents.Client.Runs;
using Microsoft.AspNetCore.Http;

namespace Agents.Api.Http;

/// <summary>Reading requests and writing answers; every refusal names the parameter.</summary>
static class Exchange
{
    const int KeyCharactersMax = 255;

    public static async Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type, int status = 200)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        await context.Response.WriteAsync(JsonSerializer.Serialize(value, type), context.RequestAborted);
    }

    public static string Run(HttpContext context) => (string)context.Request.RouteValues["run"]!;

    public static RunFaultException NoSuchRun(string run) =>
        new(Faults.RunNotFound, $"there is no run '{run}'", "path", "GET /api/v1/runs lists the runs");

    /// <summary>The body as text; a body that is not declared as JSON is refused, which also stops form posts of web pages.</summary>
    public static async Task<string> BodyAsync(HttpContext context, int bytesMax)
    {
        var request = context.Request;
        if (!request.HasJsonContentType())
        {
            throw new RunFaultException(
                Faults.MediaType, "the body must be JSON", "Content-Type", "send Content-Type: application/json");
        }

        if (request.ContentLength > bytesMax)
        {
            throw new RunFaultException(
                Faults.BodyTooLarge, $"the body has {request.ContentLength} bytes, this host takes {bytesMax}", "body",
                "send a smaller job: big inputs belong into files below the root");
        }

        using var reader = new StreamReader(request.Body, new UTF8Encoding(false, throwOnInvalidBytes: true));
        try
        {
            return await reader.ReadToEndAsync(context.RequestAborted);
        }
        catch (DecoderFallbackException e)
        {
            throw new RunFaultException(Faults.JobSyntax, "the body is not UTF-8", "body", "send it as UTF-8", e);
        }
    }

    /// <summary>Body of a command; none at all counts as {}.</summary>
    public static async Task<CommandBody> CommandAsync(HttpContext context, int bytesMax)
    {
        if (context.Request.ContentLength is 0 or null && !context.Request.Headers.TransferEncoding.Contains("chunked"))
        {
            // No body needs no content type, except that a web page could send such a request too: it cannot set headers.
            return context.Request.Headers.Origin.Count == 0 || context.Request.HasJsonContentType()
                ? new CommandBody()
                : throw new RunFaultException(Faults.MediaType, "the body must be JSON", "Content-Type", "send {}");
        }

        var text = await BodyAsync(context, bytesMax);
        try
        {
            return JsonSerializer.Deserialize(text, ClientJson.Default.CommandBody) ?? new CommandBody();
        }
        catch (JsonException e)
        {
            throw new RunFaultException(
                Faults.BadRequest, $"the body is not a command: {e.Message.Split(" Path:")[0]}", $"body {e.Path}", "see /openapi/v1.json", e);
        }
    }

    public static string? Key(HttpContext context)
    {
        if (context.Request.Headers["Idempotency-Key"] is not { Count: > 0 } values)
        {
            return null;
        }

        var key = values.ToString();
        return key.Length is > 0 and <= KeyCharactersMax && !key.AsSpan().ContainsAnyExceptInRange(' ', '~')
            ? key
            : throw Bad("Idempotency-Key", $"1 to {KeyCharactersMax} printable ASCII characters");
    }

    public static int Number(HttpContext context, string name, int standard, int min, int max) =>
        (int)Long(context, name, standard, min, max);

    public static long Long(HttpContext context, string name, long standard, long min, long max)
    {
        if (context.Request.Query[name] is not { Count: > 0 } values)
        {
            return standard;
        }

        return long.TryParse(values.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= min && number <= max
            ? number
            : throw Bad(name, $"a whole number from {min} to {max}");
    }

    public static DateTimeOffset? Time(HttpContext context, string name)
    {
        if (context.Request.Query[name] is not { Count: > 0 } values)
        {
            return null;
        }

        return DateTimeOffset.TryParse(
            values.ToString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : throw Bad(name, "a time such as 2026-01-31T12:00:00Z");
    }

    public static string? Text(HttpContext context, string name) =>
        context.Request.Query[name] is { Count: > 0 } values && values.ToString() is { Length: > 0 } text ? text : null;

    public static RunFaultException Bad(string where, string expected) =>
        new(Faults.BadRequest, $"expected {expected}", where, "see /openapi/v1.json");
}
