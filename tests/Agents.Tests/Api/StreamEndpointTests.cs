using System.Net;
using System.Net.ServerSentEvents;
using System.Text;
using Agents.Client.Remote;
using Agents.Client.Runs;
using Xunit;
using static Agents.Tests.Api.ApiFixture;

namespace Agents.Tests.Api;

public sealed class StreamEndpointTests : IAsyncLifetime
{
    ApiFixture _api = null!;

    public async ValueTask InitializeAsync() => _api = await StartAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    async Task<string> TextAsync(string run, string? lastId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/runs/{run}/stream");
        if (lastId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastId);
        }

        using var answer = await _api.Owner.SendAsync(request, TestContext.Current.CancellationToken);
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    static List<SseItem<string>> Parse(string text) =>
        [.. SseParser.Create(new MemoryStream(Encoding.UTF8.GetBytes(text))).Enumerate()];

    [Fact]
    public async Task A_stream_tells_the_run_from_start_to_end()
    {
        var events = Parse(await TextAsync(await _api.FinishedRunAsync()));

        Assert.Equal("status", events[0].EventType);
        Assert.Equal("done", events[^1].EventType);
        Assert.Contains(events, e => e.EventType == "usage");
        var reasoning = events.Where(e => e.EventType == "reasoning")
            .Select(e => System.Text.Json.JsonElement.Parse(e.Data).GetProperty("text").GetString());
        Assert.Equal("let me see: ä€, yes", string.Concat(reasoning));
    }

    [Fact]
    public async Task Leaving_after_any_event_and_coming_back_gives_the_same_bytes()
    {
        var run = await _api.FinishedRunAsync();
        var whole = await TextAsync(run);

        foreach (var left in Parse(whole).SkipLast(1))
        {
            var end = $"id: {left.EventId}\n";
            var cut = whole.IndexOf("\n\n", whole.IndexOf(end, StringComparison.Ordinal), StringComparison.Ordinal) + 2;

            Assert.Equal(whole[cut..], await TextAsync(run, left.EventId));
        }
    }

    [Fact]
    public async Task What_a_live_reader_gets_is_what_a_later_reader_gets()
    {
        var run = await _api.StartRunAsync();
        var live = TextAsync(run);
        using var steer = await _api.Owner.PostAsync(
            $"/api/v1/runs/{run}/steer", Json("""{ "text": "go" }"""), TestContext.Current.CancellationToken);

        Assert.Equal(await live, await TextAsync(run));
    }

    [Fact]
    public async Task A_reader_that_leaves_does_not_cancel_the_run()
    {
        var run = await _api.StartRunAsync();
        using (var answer = await _api.Owner.GetAsync(
            $"/api/v1/runs/{run}/stream", HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken))
        {
            var body = await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
            Assert.NotEqual(0, await body.ReadAsync(new byte[1], TestContext.Current.CancellationToken));
        }

        using var steer = await _api.Owner.PostAsync(
            $"/api/v1/runs/{run}/steer", Json("""{ "text": "on" }"""), TestContext.Current.CancellationToken);
        Assert.Equal("done", Parse(await TextAsync(run))[^1].EventType);
    }

    [Fact]
    public async Task After_the_last_event_of_an_ended_run_there_is_nothing()
    {
        var run = await _api.FinishedRunAsync();
        var last = Parse(await TextAsync(run))[^1].EventId;
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/runs/{run}/stream");
        request.Headers.Add("Last-Event-ID", last);

        using var answer = await _api.Owner.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    [Fact]
    public async Task A_place_that_is_none_is_refused()
    {
        var run = await _api.StartRunAsync();

        using var answer = await _api.Owner.GetAsync($"/api/v1/runs/{run}/stream?after=yesterday", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task The_client_over_http_says_what_the_client_in_process_says()
    {
        var run = await _api.FinishedRunAsync();
        using var api = HttpApi.OnSocket(Path.Combine(_api.Folder, "a.sock"));
        var remote = new HttpRunClient(api);

        var view = await remote.GetAsync(run, TestContext.Current.CancellationToken);
        var events = await remote.StreamAsync(run, null, TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);
        var history = await new HttpRunArchive(api).ReadHistoryAsync(run, new HistoryFrom(null, 0, 100), TestContext.Current.CancellationToken);

        Assert.Equal(RunStatuses.Completed, view!.Status);
        Assert.Equal("bye", Assert.IsType<RunEvent.Done>(events[^1]).End.Answer);
        Assert.Contains(history!.Events, e => e.Event is Contracts.History.ExecutionStarted);
        Assert.NotEmpty(history.Execution!.Seeds);
        Assert.Null(await remote.GetAsync("nothere", TestContext.Current.CancellationToken));
        var late = await remote.SendAsync(run, new RunCommand.Steer("x"), null, TestContext.Current.CancellationToken);
        Assert.Equal(CommandResult.Refused, late.Result);
    }
}
