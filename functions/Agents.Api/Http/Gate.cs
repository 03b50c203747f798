using Agents.Access;
using Agents.Client.Runs;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Agents.Api.Http;

/// <summary>
/// Keeps web pages of other origins out of the loopback port (a name that resolves to 127.0.0.1, a form post), asks guests
/// for a key where there are keys, and turns whatever goes wrong behind it into problem details.
/// </summary>
sealed class Gate(AccessRules access)
{
    /// <summary>The runs of this host are those of its main task hub.</summary>
    const string Hub = "default";

    public async Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            if (TrustOf(context) == JobTrust.Guest && Foreign(context.Request) is { } where)
            {
                throw new RunFaultException(
                    Faults.ForeignOrigin, "requests are taken from this machine's own programs only", where,
                    "use http://127.0.0.1 or http://localhost, and no page of another origin");
            }

            if (TrustOf(context) == JobTrust.Guest && !LetsIn(context))
            {
                context.Response.Headers.WWWAuthenticate = "Bearer";
                throw new RunFaultException(
                    Faults.NotLetIn, "no key or token was shown that opens this host's runs", "headers",
                    "send 'authorization: Bearer KEY' or 'x-api-key: KEY'");
            }

            await next(context);
        }
        catch (RunFaultException e)
        {
            await Problems.WriteAsync(context, Problems.Of(e, context));
        }
        catch (BadHttpRequestException e)
        {
            await Problems.WriteAsync(context, Problems.Of(Reading(e), context));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The reader left.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            await Problems.WriteAsync(context, Problems.Of(
                new RunFaultException(Faults.Unavailable, e.Message, null, "see the host's output", e), context));
        }
    }

    /// <summary>Whether it is well may be asked by everybody.</summary>
    bool LetsIn(HttpContext context) => access.AskForNothing || context.Request.Path == "/healthz"
        || (context.User.Identity is { IsAuthenticated: true } && access.MayUse(context.User, Hub));

    public static JobTrust TrustOf(HttpContext context) =>
        context.Features.Get<IConnectionItemsFeature>()?.Items.TryGetValue(typeof(JobTrust), out var trust) == true
            ? (JobTrust)trust!
            : JobTrust.Guest;

    static RunFaultException Reading(BadHttpRequestException e) => e.StatusCode == StatusCodes.Status413PayloadTooLarge
        ? new RunFaultException(Faults.BodyTooLarge, "the body is larger than this host takes", "body", "send a smaller job", e)
        : new RunFaultException(Faults.BadRequest, e.Message, null, null, e);

    static string? Foreign(HttpRequest request)
    {
        if (!IsLoopback(request.Host.Host))
        {
            return $"Host: {request.Host}";
        }

        return request.Headers.Origin is { Count: > 0 } origin && !IsOurs(origin.ToString(), request)
            ? $"Origin: {origin}"
            : null;
    }

    static bool IsOurs(string origin, HttpRequest request) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var address)
        && IsLoopback(address.Host) && address.Port == (request.Host.Port ?? 80);

    static bool IsLoopback(string host) => host is "localhost" or "127.0.0.1" or "[::1]";
}
