using Agents.Client.Runs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Agents.Api.Http;

/// <summary>The host itself: models, health, and the description of all this.</summary>
sealed class HostEndpoints(ApiServices services, ApiOptions options)
{
    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v1/models", context =>
            Exchange.WriteAsync(context, services.Models(), ApiJson.Default.IReadOnlyListModelView));
        app.MapGet("/api/v1/workers", async (HttpContext context) =>
        {
            context.Response.ContentType = "application/json; charset=utf-8";
            await context.Response.Body.WriteAsync(services.WorkersJson(), context.RequestAborted);
        });
        app.MapGet("/healthz", context =>
        {
            var problem = services.Problem();
            var warnings = services.Warnings();
            var status = problem is not null ? "degraded" : warnings.Count > 0 ? "warning" : "ok";
            var health = new HealthView(status, services.Version, problem, warnings.Count > 0 && MayRead(context) ? warnings : null);
            return Exchange.WriteAsync(
                context, health, ApiJson.Default.HealthView,
                problem is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
        });
        app.MapGet("/openapi/v1.json", async (HttpContext context) =>
        {
            context.Response.ContentType = "application/json";
            await using var document = typeof(HostEndpoints).Assembly.GetManifestResourceStream("openapi.json")!;
            await document.CopyToAsync(context.Response.Body, context.RequestAborted);
        });
    }

    /// <summary>Warnings name orchestrations and task hubs: not for somebody who showed no key where keys are asked for.</summary>
    bool MayRead(HttpContext context) => Gate.TrustOf(context) == JobTrust.Owner || options.Access.AskForNothing
        || context.User.Identity is { IsAuthenticated: true };
}
