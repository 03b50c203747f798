using System.Text.Json;
using Agents.Client;
using Agents.Client.Runs;
using Agents.Contracts.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Agents.Api.Http;

/// <summary>Queues of activities: who is in them, and their bounds, which only the owner sets.</summary>
sealed class QueueEndpoints(ApiServices services, ApiOptions options)
{
    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v1/queues", async (HttpContext context) => await Exchange.WriteAsync(
            context, await (await OfAsync(context)).ListQueuesAsync(context.RequestAborted), ClientJson.Default.IReadOnlyListQueueView));
        app.MapPost("/api/v1/queues", async (HttpContext context) =>
        {
            if (Gate.TrustOf(context) != JobTrust.Owner)
            {
                throw new RunFaultException(
                    Faults.GuestRefused, "only the owner of the data directory bounds its queues", "POST /api/v1/queues",
                    "use `agents queues NAME --concurrency N`, or the socket");
            }

            await (await OfAsync(context)).SetQueueAsync(Read(await Exchange.BodyAsync(context, options.BodyBytesMax)), CancellationToken.None);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        });
    }

    /// <summary>A guest's key opens the runs, and not the other task hubs beside them.</summary>
    Task<IQueueClient> OfAsync(HttpContext context)
    {
        var hub = Exchange.Text(context, "hub");
        return hub is null || Gate.TrustOf(context) == JobTrust.Owner
            ? services.Queues(hub, context.RequestAborted)
            : throw new RunFaultException(
                Faults.GuestRefused, "only the owner of the data directory looks into task hubs from here", "hub", "leave hub out, or use the socket");
    }

    static QueueLimit Read(string text)
    {
        QueueLimit? limit;
        try
        {
            limit = JsonSerializer.Deserialize(text, ClientJson.Default.QueueLimit);
        }
        catch (JsonException e)
        {
            throw new RunFaultException(
                Faults.BadRequest, $"the body is no bound of a queue: {e.Message.Split(" Path:")[0]}", $"body {e.Path}", "see /openapi/v1.json", e);
        }

        return limit?.Flaw() is not { } flaw && limit is not null
            ? limit
            : throw Exchange.Bad("body", limit?.Flaw() ?? "the bounds of a queue");
    }
}
