using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Agents.Api.Http;

/// <summary>The host itself: models, health, and the description of all this.</summary>
sealed class HostEndpoints(ApiServices services)
{
    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v1/models", context =>
            Exchange.WriteAsync(context, services.Models(), ApiJson.Default.IReadOnlyListModelView));
        app.MapGet("/healthz", context =>
        {
            var problem = services.Problem();
            var warnings = services.Warnings();
            var health = new HealthView(
                problem is null ? "ok" : "degraded", services.Version, problem, warnings.Count == 0 ? null : warnings);
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
}
