using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Agents.Client.Progress;
using Agents.Client.Runs;
using Agents.Contracts.Client;

namespace Agents.Client.Remote;

/// <summary>Runs of another process, over its REST API. docs/http-api.md.</summary>
public sealed class HttpRunClient(HttpApi api) : IRunClient
{
    public async Task<RunStarted> StartAsync(RunStart start, CancellationToken cancel)
    {
        var o = start.Overrides;
        var query = HttpApi.Query(
            ("base", o.BaseDirectory), ("root", o.Root), ("out", o.Out), ("model", o.Model),
            ("baseUrl", o.BaseUrl), ("apiKeyEnv", o.ApiKeyEnv));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/runs" + query)
        {
            Content = new StringContent(start.Job, Encoding.UTF8, "application/json"),
        };
        if (start.IdempotencyKey is { } key)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        using var answer = await api.SendAsync(request, cancel);
        return await HttpApi.ReadAsync(answer, ClientJson.Default.RunStarted, cancel);
    }

    public Task<RunView?> GetAsync(string run, CancellationToken cancel) =>
        api.GetAsync($"/api/v1/runs/{Uri.EscapeDataString(run)}", ClientJson.Default.RunView, cancel);

    public async Task<RunPage> ListAsync(RunFilter filter, CancellationToken cancel)
    {
        var query = HttpApi.Query(
            [.. filter.Statuses.Select(s => ("status", (string?)s)), ("name", filter.Name), ("prefix", filter.IdPrefix),
            ("tag", filter.Tag is { } tag ? $"{tag.Key}={tag.Value}" : null), ("from", filter.CreatedFrom?.ToString("O")),
            ("to", filter.CreatedTo?.ToString("O")), ("pageSize", HttpApi.Text(filter.PageSize)), ("after", filter.After)]);
        return (await api.GetAsync("/api/v1/runs" + query, ClientJson.Default.RunPage, cancel))!;
    }

    public async Task<CommandOutcome> SendAsync(string run, RunCommand command, string? dedupKey, CancellationToken cancel)
    {
        var (verb, body) = command switch
        {
            RunCommand.Cancel c => ("cancel", new CommandBody { Reason = c.Reason }),
            RunCommand.Pause p => ("pause", new CommandBody { Reason = p.Reason }),
            RunCommand.Resume r => ("resume", new CommandBody { Reason = r.Reason }),
            RunCommand.Steer s => ("steer", new CommandBody { Text = s.Text }),
            RunCommand.Resolve r => ("resolve", new CommandBody
            {
                Key = r.Key, Result = r.Result, By = r.By,
                Verdict = JsonNamingPolicy.SnakeCaseLower.ConvertName(r.Verdict.ToString()),
            }),
            _ => throw new InvalidOperationException($"command {command.GetType().Name} has no address"),
        };
        using var request = HttpApi.Post($"/api/v1/runs/{Uri.EscapeDataString(run)}/{verb}", body, ClientJson.Default.CommandBody);
        if (dedupKey is not null)
        {
            request.Headers.Add("Idempotency-Key", dedupKey);
        }

        try
        {
            using var answer = await api.SendAsync(request, cancel);
            return new CommandOutcome(CommandResult.Accepted);
        }
        catch (RunFaultException e) when (e.Code == Faults.RunNotFound)
        {
            return new CommandOutcome(CommandResult.NotFound);
        }
        catch (RunFaultException e) when (e.Code == Faults.CommandRefused)
        {
            return new CommandOutcome(CommandResult.Refused, e.What);
        }
    }

    public async IAsyncEnumerable<RunEvent> StreamAsync(
        string run, StreamOffset? after, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/runs/{Uri.EscapeDataString(run)}/stream");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (after is { } place)
        {
            request.Headers.Add("Last-Event-ID", place.ToString());
        }

        using var answer = await api.SendAsync(request, cancel, HttpCompletionOption.ResponseHeadersRead);
        await using var body = await answer.Content.ReadAsStreamAsync(cancel);
        await foreach (var item in SseParser.Create(body).EnumerateAsync(cancel))
        {
            if (StreamOffset.TryParse(item.EventId, out var offset)
                && RunEventJson.Read(offset, item.EventType, item.Data) is { } e)
            {
                yield return e;
            }
        }
    }
}
