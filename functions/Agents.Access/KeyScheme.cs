using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Agents.Access;

/// <summary>Lets in who shows a key: `x-api-key: KEY`, `authorization: Bearer KEY`, or `dapr-api-token: KEY`.</summary>
internal sealed class KeyScheme(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory log, UrlEncoder encoder, AccessRules rules)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, log, encoder)
{
    public const string Name = "key";

    const string Bearer = "Bearer ";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Shown(Request) is not { Length: > 0 } shown)
        {
            return Task.FromResult(AuthenticateResult.NoResult());
        }

        var digest = AccessKey.DigestOf(shown);
        AccessKey? found = null;
        foreach (var key in rules.Keys)
        {
            // All of them, so that the time it takes says nothing about which.
            found = key.Opens(digest) ? key : found;
        }

        return Task.FromResult(found is null ? AuthenticateResult.Fail("no such key") : AuthenticateResult.Success(Ticket(found)));
    }

    /// <summary>What follows "Bearer " in the authorization header; null where there is none.</summary>
    public static string? BearerOf(HttpRequest request) =>
        request.Headers.Authorization.ToString() is { } value && value.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            ? value[Bearer.Length..].Trim()
            : null;

    static string? Shown(HttpRequest request) =>
        request.Headers["x-api-key"] is [{ Length: > 0 } key] ? key
        : request.Headers["dapr-api-token"] is [{ Length: > 0 } token] ? token
        : BearerOf(request);

    static AuthenticationTicket Ticket(AccessKey key)
    {
        var identity = new ClaimsIdentity(Name, ClaimTypes.Name, ClaimTypes.Role);
        identity.AddClaim(new Claim(ClaimTypes.Name, key.Name));
        identity.AddClaims(key.Hubs.Select(hub => new Claim(AccessClaims.Hub, hub)));
        return new AuthenticationTicket(new ClaimsPrincipal(identity), Name);
    }
}
