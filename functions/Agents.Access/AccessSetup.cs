using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Agents.Access;

/// <summary>Adds the rules to a web application. Who was let in stands in the request's User; what follows from it, its endpoints decide.</summary>
public static class AccessSetup
{
    const string Either = "access";

    public static void AddAccess(this IServiceCollection services, AccessRules rules, TimeProvider clock)
    {
        services.AddSingleton(rules);
        var schemes = services.AddAuthentication(Either)
            .AddPolicyScheme(Either, null, o => o.ForwardDefaultSelector = context =>
                rules.Tokens is not null && IsToken(context.Request) ? JwtBearerDefaults.AuthenticationScheme : KeyScheme.Name)
            .AddScheme<AuthenticationSchemeOptions, KeyScheme>(KeyScheme.Name, null);
        if (rules.Tokens is { } tokens)
        {
            schemes.AddJwtBearer(o => TokenScheme.Configure(o, tokens, clock));
        }
    }

    /// <summary>A JWT has three parts with points between; what has not is looked for among the keys.</summary>
    static bool IsToken(HttpRequest request) => KeyScheme.BearerOf(request) is { } shown && shown.Count(c => c == '.') == 2;
}
