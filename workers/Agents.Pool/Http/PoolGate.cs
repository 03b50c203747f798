using System.Net;
using Agents.Access;
using Agents.Pool.Passing;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Agents.Pool.Http;

/// <summary>
/// Who may come in: by the socket its owner, else whoever shows a key that opens the hub. Without keys the pool listens on
/// this machine only, and keeps out web pages that reach it through a browser.
/// </summary>
sealed class PoolGate(AccessRules access)
{
    /// <summary>Marks connections of the owner's socket.</summary>
    public static readonly object Owner = new();

    /// <summary>Throws <see cref="CallRefusedException"/> for whom it does not let in.</summary>
    public void Check(HttpContext context, string hub)
    {
        if (IsOwner(context))
        {
            return;
        }

        if (access.AskForNothing)
        {
            if (Foreign(context.Request) is { } where)
            {
                throw new CallRefusedException(403, $"requests are taken from this machine's own programs only ({where})");
            }

            return;
        }

        if (context.User.Identity is not { IsAuthenticated: true })
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            throw new CallRefusedException(401, "show a key: 'authorization: Bearer KEY' or 'x-api-key: KEY'", "invalid_api_key");
        }

        if (!access.MayUse(context.User, hub))
        {
            throw new CallRefusedException(403, $"this key does not open '{hub}'", "permission_denied");
        }
    }

    static bool IsOwner(HttpContext context) =>
        context.Features.Get<IConnectionItemsFeature>()?.Items.TryGetValue(typeof(PoolGate), out var who) == true && who == Owner;

    static string? Foreign(HttpRequest request) =>
        !IsHere(request.Host.Host) ? $"Host: {request.Host}"
        : request.Headers.Origin is { Count: > 0 } origin && !(Uri.TryCreate(origin.ToString(), UriKind.Absolute, out var page) && IsHere(page.Host))
            ? $"Origin: {origin}"
            : null;

    static bool IsHere(string host) => host is "localhost" || (IPAddress.TryParse(host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));
}
