using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Agents.EndToEnd.CommandLine;
using Xunit;

namespace Agents.EndToEnd.Terminals;

/// <summary>A client that knows nothing but the text of server-sent events: it leaves, comes back and has missed nothing.</summary>
public sealed class StreamRejoinTests
{
    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_reader_that_left_and_came_back_has_the_bytes_of_one_that_stayed()
    {
        using var terminal = new Terminal(files: 10);
        using var host = terminal.Start(4, "up", "--port", "0", "--json");
        var up = JsonElement.Parse(await host.UntilOutputAsync("{", Cancel));
        using var http = new HttpClient { BaseAddress = new Uri(up.GetProperty("address").GetString()!), Timeout = Timeout.InfiniteTimeSpan };
        var job = JsonElement.Parse(await File.ReadAllTextAsync(terminal.Job, Cancel));
        var started = await http.PostAsJsonAsync("/api/v1/runs", job, Cancel);
        Assert.True(started.IsSuccessStatusCode, await started.Content.ReadAsStringAsync(Cancel));
        var run = (await started.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("run").GetString()!;

        var stayed = ReadAsync(http, run, null, int.MaxValue);
        var pieces = new List<(string Id, string Text)>();
        foreach (var leaveAfter in (int[])[7, 1, 40, int.MaxValue])
        {
            pieces.AddRange(await ReadAsync(http, run, pieces.LastOrDefault().Id, leaveAfter));
        }

        var whole = await stayed;
        var late = await ReadAsync(http, run, null, int.MaxValue);
        host.CtrlC();
        await host.EndAsync();

        Assert.Contains("event: done", whole[^1].Text, StringComparison.Ordinal);
        Assert.Contains(whole, e => e.Text.Contains("event: reasoning", StringComparison.Ordinal));
        Assert.Equal(Told(whole), Told(pieces));
        Assert.Equal(Told(whole), Told(late));
        Assert.Equal(pieces.Select(p => p.Id).Distinct().Count(), pieces.Count);
    }

    /// <summary>
    /// What the stream says, without how it was cut into pieces: text that one reader got in three deltas another gets in
    /// one, when it asks later. Everything else is compared as it stands, byte for byte.
    /// </summary>
    static string Told(IEnumerable<(string Id, string Text)> events)
    {
        var told = new StringBuilder();
        var last = "";
        foreach (var (_, text) in events)
        {
            var name = text.Split('\n').First(l => l.StartsWith("event: ", StringComparison.Ordinal))["event: ".Length..];
            var data = string.Concat(text.Split('\n').Where(l => l.StartsWith("data: ", StringComparison.Ordinal)).Select(l => l["data: ".Length..]));
            var json = JsonElement.Parse(data);
            if (name is "reasoning" or "content")
            {
                var place = $"{name} {json.GetProperty("step")}.{json.GetProperty("attempt")}";
                told.Append(place == last ? "" : $"\n{place}: ").Append(json.GetProperty("text").GetString());
                last = place;
            }
            else
            {
                told.Append('\n').Append(name).Append(' ').Append(data);
                last = "";
            }
        }

        return told.ToString();
    }

    /// <summary>Events as they came, comments left out; leaves after so many, or where the stream ends.</summary>
    static async Task<List<(string Id, string Text)>> ReadAsync(HttpClient http, string run, string? after, int leaveAfter)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/runs/{run}/stream");
        request.Headers.Accept.ParseAdd("text/event-stream");
        if (after is not null)
        {
            request.Headers.Add("Last-Event-ID", after);
        }

        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Cancel), Encoding.UTF8);
        var events = new List<(string Id, string Text)>();
        var lines = new List<string>();
        while (events.Count < leaveAfter && await reader.ReadLineAsync(Cancel) is { } line)
        {
            if (line.Length > 0)
            {
                lines.AddRange(line[0] == ':' ? [] : [line]);
            }
            else if (lines.Count > 0)
            {
                if (lines.Any(l => l.StartsWith("event: ", StringComparison.Ordinal)))
                {
                    events.Add((lines.Single(l => l.StartsWith("id: ", StringComparison.Ordinal))["id: ".Length..], string.Join('\n', lines)));
                }

                lines.Clear();
            }
        }

        return events;
    }
}
