using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Agents.Access;

/// <summary>Lets in who shows a signed token, by ASP.NET Core's own rules and the issuer's published keys.</summary>
internal static class TokenScheme
{
    static readonly TimeSpan s_skew = TimeSpan.FromMinutes(1);

    /// <summary>Signatures by key pairs only: with a shared secret whoever checks a token could also make one.</summary>
    static readonly string[] s_algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    public static void Configure(JwtBearerOptions options, TokenRules rules, TimeProvider clock)
    {
        options.MapInboundClaims = false;
        options.TimeProvider = clock;
        options.TokenValidationParameters = new TokenValidationParameters
        {
            ValidIssuer = rules.Issuer, ValidAudience = rules.Audience, ValidAlgorithms = s_algorithms, ClockSkew = s_skew,
            RequireExpirationTime = true, RequireSignedTokens = true, ValidateIssuerSigningKey = true,
        };

        // Fetched when the first token comes, and again now and then and when a token is signed with a key not known yet.
        options.ConfigurationManager = rules.KeySet.Contains("://", StringComparison.Ordinal)
            ? new ConfigurationManager<OpenIdConnectConfiguration>(
                rules.KeySet, new KeySet(rules.Issuer),
                new HttpDocumentRetriever { RequireHttps = rules.KeySet.StartsWith("https:", StringComparison.OrdinalIgnoreCase) })
            : new ConfigurationManager<OpenIdConnectConfiguration>(rules.KeySet, new KeySet(rules.Issuer), new FileDocumentRetriever());
        options.Events = new JwtBearerEvents
        {
            OnTokenValidated = context =>
            {
                var identity = (ClaimsIdentity)context.Principal!.Identity!;
                var named = identity.FindAll(rules.HubClaim)
                    .SelectMany(c => c.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).ToList();

                // A token that says our own word for it says nothing by that: only the claim it was agreed on counts.
                foreach (var claimed in identity.FindAll(AccessClaims.Hub).ToList())
                {
                    identity.RemoveClaim(claimed);
                }

                identity.AddClaims(named.Concat(rules.Hubs).Distinct().Select(hub => new Claim(AccessClaims.Hub, hub)));
                return Task.CompletedTask;
            },
        };
    }

    /// <summary>Reads a published key set (JWKS) where the library expects an issuer's whole description.</summary>
    sealed class KeySet(string issuer) : IConfigurationRetriever<OpenIdConnectConfiguration>
    {
        public async Task<OpenIdConnectConfiguration> GetConfigurationAsync(
            string address, IDocumentRetriever retriever, CancellationToken cancel)
        {
            var keys = new JsonWebKeySet(await retriever.GetDocumentAsync(address, cancel));
            var configuration = new OpenIdConnectConfiguration { Issuer = issuer, JsonWebKeySet = keys };
            foreach (var key in keys.GetSigningKeys())
            {
                configuration.SigningKeys.Add(key);
            }

            return configuration;
        }
    }
}
