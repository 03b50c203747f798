using Agents.Client;
using Agents.Client.Runs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Agents.Api.Http;

/// <summary>Starting runs and reading them.</summary>
sealed class RunEndpoints(ApiServices services, ApiOptions options)
{
    public void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/api/v1/runs", StartAsync);
        app.MapGet("/api/v1/runs", ListAsync);
        app.MapGet("/api/v1/runs/{run}", GetAsync);
        app.MapGet("/api/v1/runs/{run}/history", HistoryAsync);
        app.MapGet("/api/v1/runs/{run}/effects", EffectsAsync);
    }

    async Task StartAsync(HttpContext context)
    {
        var start = new RunStart
        {
            Job = await Exchange.BodyAsync(context, options.BodyBytesMax),
            IdempotencyKey = Exchange.Key(context),
            Trust = Gate.TrustOf(context),
            Overrides = new JobOverrides
            {
                BaseDirectory = Exchange.Text(context, "base"),
                Root = Exchange.Text(context, "root"),
                Out = Exchange.Text(context, "out"),
                Model = Exchange.Text(context, "model"),
                BaseUrl = Exchange.Text(context, "baseUrl"),
                ApiKeyEnv = Exchange.Text(context, "apiKeyEnv"),
            },
        };

        // Not cancelled by a caller that leaves: what was sent is either refused or started, and the key finds it again.
        var started = await services.Runs.StartAsync(start, CancellationToken.None);
        context.Response.Headers.Location = $"/api/v1/runs/{started.Run}";
        await Exchange.WriteAsync(
            context, started, ClientJson.Plain.RunStarted,
            started.Existing ? StatusCodes.Status200OK : StatusCodes.Status202Accepted);
    }

    async Task ListAsync(HttpContext context)
    {
        var statuses = context.Request.Query["status"].OfType<string>().SelectMany(s => s.Split(',')).ToList();
        if (statuses.Find(s => !RunStatuses.All.Contains(s)) is not null)
        {
            throw Exchange.Bad("status", $"one of {string.Join(", ", RunStatuses.All)}");
        }

        var filter = new RunFilter
        {
            Statuses = statuses,
            Name = Exchange.Text(context, "name"),
            IdPrefix = Exchange.Text(context, "prefix"),
            Tag = Tag(Exchange.Text(context, "tag")),
            CreatedFrom = Exchange.Time(context, "from"),
            CreatedTo = Exchange.Time(context, "to"),
            PageSize = Exchange.Number(context, "pageSize", 50, 1, 1000),
            After = Exchange.Text(context, "after"),
        };
        await Exchange.WriteAsync(
            context, await services.Runs.ListAsync(filter, context.RequestAborted), ClientJson.Plain.RunPage);
    }

    static KeyValuePair<string, string>? Tag(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var at = text.IndexOf('=', StringComparison.Ordinal);
        return at > 0 ? KeyValuePair.Create(text[..at], text[(at + 1)..]) : throw Exchange.Bad("tag", "key=value");
    }

    async Task GetAsync(HttpContext context)
    {
        var run = Exchange.Run(context);
        var view = await services.Runs.GetAsync(run, context.RequestAborted) ?? throw Exchange.NoSuchRun(run);
        await Exchange.WriteAsync(context, view, ClientJson.Plain.RunView);
    }

    async Task HistoryAsync(HttpContext context)
    {
        var run = Exchange.Run(context);
        var generation = Exchange.Number(context, "generation", -1, 0, int.MaxValue);
        var from = new HistoryFrom(
            generation < 0 ? null : generation,
            Exchange.Long(context, "from", 0, 0, long.MaxValue),
            Exchange.Number(context, "pageSize", 200, 1, OrchestrationRunArchive.EventsPerPageMax));
        var page = await services.Archive.ReadHistoryAsync(run, from, context.RequestAborted) ?? throw Exchange.NoSuchRun(run);
        await Exchange.WriteAsync(context, page, ClientJson.Plain.HistoryPage);
    }

    async Task EffectsAsync(HttpContext context)
    {
        var run = Exchange.Run(context);
        var inDoubtOnly = Exchange.Text(context, "inDoubt") is "true";
        var entries = await services.Archive.ReadEffectsAsync(run, inDoubtOnly, context.RequestAborted) ?? throw Exchange.NoSuchRun(run);
        await Exchange.WriteAsync(context, entries, ClientJson.Plain.IReadOnlyListLedgerEntry);
    }
}
