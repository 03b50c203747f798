using System.Net;
using System.Text;
using Xunit;
using static Agents.Tests.Api.ApiFixture;

namespace Agents.Tests.Api;

public sealed class RunEndpointTests : IAsyncLifetime
{
    ApiFixture _api = null!;

    public async ValueTask InitializeAsync() => _api = await StartAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    async Task<HttpResponseMessage> PostAsync(string job, string? key, HttpClient? http = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/runs") { Content = Json(job) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return await (http ?? _api.Owner).SendAsync(request, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task The_same_key_and_job_is_the_same_run()
    {
        using var first = await PostAsync("""{ "goal": "g" }""", "k1");
        using var second = await PostAsync("""{ "goal": "g" }""", "k1");

        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        var run = (await ReadAsync(first)).GetProperty("run").GetString();
        Assert.Equal(run, (await ReadAsync(second)).GetProperty("run").GetString());
        Assert.Equal($"/api/v1/runs/{run}", first.Headers.Location!.ToString());
    }

    [Fact]
    public async Task The_same_key_with_another_job_is_a_conflict()
    {
        using var first = await PostAsync("""{ "goal": "g" }""", "k2");
        using var second = await PostAsync("""{ "goal": "h" }""", "k2");

        await IsProblemAsync(second, HttpStatusCode.Conflict, "AG6021");
    }

    [Fact]
    public async Task Many_at_once_with_one_key_start_one_run()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => PostAsync("""{ "goal": "g" }""", "k3")));

        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.Accepted);
        Assert.Equal(15, answers.Count(a => a.StatusCode == HttpStatusCode.OK));
    }

    [Fact]
    public async Task What_was_accepted_can_be_read_at_once()
    {
        var run = await _api.StartRunAsync();

        using var answer = await _api.Owner.GetAsync($"/api/v1/runs/{run}", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(run, (await ReadAsync(answer)).GetProperty("run").GetString());
    }

    [Fact]
    public async Task A_finished_run_tells_answer_and_usage()
    {
        var run = await _api.FinishedRunAsync("well done");

        var view = await ReadAsync(await _api.Owner.GetAsync($"/api/v1/runs/{run}", TestContext.Current.CancellationToken));

        Assert.Equal("completed", view.GetProperty("status").GetString());
        Assert.Equal("answer", view.GetProperty("stopReason").GetString());
        Assert.Equal("well done", view.GetProperty("answer").GetString());
    }

    [Fact]
    public async Task Lists_are_filtered_and_paged()
    {
        var runs = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            runs.Add(await _api.FinishedRunAsync());
        }

        var waiting = await _api.StartRunAsync();
        var seen = new List<string>();
        string? after = "";
        while (after is not null)
        {
            var query = after.Length == 0 ? "" : $"&after={Uri.EscapeDataString(after)}";
            var page = await ReadAsync(await _api.Owner.GetAsync(
                $"/api/v1/runs?status=completed&pageSize=2{query}", TestContext.Current.CancellationToken));
            seen.AddRange(page.GetProperty("runs").EnumerateArray().Select(r => r.GetProperty("run").GetString()!));
            after = page.TryGetProperty("next", out var next) ? next.GetString() : null;
        }

        Assert.Equal(Enumerable.Reverse(runs), seen);
        var found = await ReadAsync(await _api.Owner.GetAsync($"/api/v1/runs?prefix={waiting[..20]}", TestContext.Current.CancellationToken));
        Assert.Equal(waiting, Assert.Single(found.GetProperty("runs").EnumerateArray()).GetProperty("run").GetString());
    }

    [Fact]
    public async Task History_is_paged_without_gap()
    {
        var run = await _api.FinishedRunAsync();
        var sequences = new List<long>();
        long? from = 0;
        while (from is { } at)
        {
            var page = await ReadAsync(await _api.Owner.GetAsync(
                $"/api/v1/runs/{run}/history?from={at}&pageSize=3", TestContext.Current.CancellationToken));
            sequences.AddRange(page.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("sequence").GetInt64()));
            from = page.TryGetProperty("next", out var next) ? next.GetInt64() : null;
        }

        Assert.Equal(Enumerable.Range(0, sequences.Count).Select(i => (long)i), sequences);
        Assert.True(sequences.Count > 6);
    }

    [Fact]
    public async Task Commands_are_accepted_and_refused_once_the_run_has_ended()
    {
        var run = await _api.StartRunAsync();
        using var pause = await _api.Owner.PostAsync($"/api/v1/runs/{run}/pause", null, TestContext.Current.CancellationToken);
        using var resume = await _api.Owner.PostAsync($"/api/v1/runs/{run}/resume", Json("{}"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Accepted, pause.StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, resume.StatusCode);

        var ended = await _api.FinishedRunAsync();
        using var late = await _api.Owner.PostAsync($"/api/v1/runs/{ended}/cancel", null, TestContext.Current.CancellationToken);
        await IsProblemAsync(late, HttpStatusCode.Conflict, "AG6022");
    }

    [Theory]
    [InlineData("GET", "/api/v1/runs/nothere", null, 404, "AG6020")]
    [InlineData("POST", "/api/v1/runs/nothere/cancel", "{}", 404, "AG6020")]
    [InlineData("GET", "/api/v1/runs/nothere/stream", null, 404, "AG6020")]
    [InlineData("GET", "/api/v1/nothing", null, 404, "AG6033")]
    [InlineData("GET", "/api/v1/runs?pageSize=0", null, 400, "AG6030")]
    [InlineData("GET", "/api/v1/runs?status=sleeping", null, 400, "AG6030")]
    [InlineData("GET", "/api/v1/runs?tag=x", null, 400, "AG6030")]
    [InlineData("POST", "/api/v1/runs", "{ \"goal\": ", 400, "AG6010")]
    [InlineData("POST", "/api/v1/runs", "{ \"gaol\": \"g\" }", 422, "AG6011")]
    [InlineData("POST", "/api/v1/runs", "{ \"goal\": \"g\", \"model\": \"none\" }", 422, "AG4018")]
    [InlineData("POST", "/api/v1/runs", "{ \"goal\": \"g\", \"tools\": [\"x\"] }", 422, "AG5001")]
    [InlineData("POST", "/api/v1/runs/x/steer", "{ \"txt\": 1 }", 400, "AG6030")]
    [InlineData("POST", "/api/v1/runs/x/resolve", "{ \"key\": \"12345678\", \"verdict\": \"maybe\" }", 400, "AG6030")]
    public async Task What_is_wrong_is_told_as_problem_details(string method, string address, string? body, int status, string code)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), address) { Content = body is null ? null : Json(body) };

        using var answer = await _api.Owner.SendAsync(request, TestContext.Current.CancellationToken);

        await IsProblemAsync(answer, (HttpStatusCode)status, code);
    }

    [Fact]
    public async Task A_body_that_is_not_json_by_its_type_is_refused()
    {
        using var form = new StringContent("""{ "goal": "g" }""", Encoding.UTF8, "text/plain");

        using var answer = await _api.Owner.PostAsync("/api/v1/runs", form, TestContext.Current.CancellationToken);

        await IsProblemAsync(answer, HttpStatusCode.UnsupportedMediaType, "AG6035");
    }

    [Theory]
    [InlineData("Host", "evil.example")]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "http://localhost:1")]
    public async Task Other_origins_are_kept_out_of_the_port(string header, string value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/runs");
        if (header == "Host")
        {
            request.Headers.Host = value;
        }
        else
        {
            request.Headers.Add(header, value);
        }

        using var answer = await _api.Guest.SendAsync(request, TestContext.Current.CancellationToken);

        await IsProblemAsync(answer, HttpStatusCode.Forbidden, "AG6032");
    }

    [Fact]
    public async Task A_guest_may_start_what_the_owner_set_up_and_no_more()
    {
        using var plain = await PostAsync("""{ "goal": "g" }""", null, _api.Guest);
        using var command = await PostAsync("""{ "goal": "g", "mcpServers": { "s": { "command": "x" } } }""", null, _api.Guest);

        Assert.Equal(HttpStatusCode.Accepted, plain.StatusCode);
        await IsProblemAsync(command, HttpStatusCode.Forbidden, "AG6016");
    }

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public void The_socket_is_the_owners_alone()
    {
        var mode = File.GetUnixFileMode(Path.Combine(_api.Folder, "a.sock"));

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, mode);
    }

    static async Task IsProblemAsync(HttpResponseMessage answer, HttpStatusCode status, string code)
    {
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = await ReadAsync(answer);
        Assert.Equal(code, problem.GetProperty("code").GetString());
        Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("detail").GetString()));
    }
}
