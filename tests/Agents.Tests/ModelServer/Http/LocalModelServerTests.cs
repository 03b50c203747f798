using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Agents.ModelServer.Chat;
using Agents.ModelServer.Generation;
using Agents.ModelServer.Http;
using Agents.ModelServer.Native;
using Agents.ModelServer.Schemas;
using Agents.Tests.ModelServer.Native;
using Xunit;

namespace Agents.Tests.ModelServer.Http;

/// <summary>The whole server on a model of random weights: what it says means nothing, how it says it does.</summary>
public sealed class LocalModelServerTests : IAsyncLifetime
{
    const string Tools = """
        [{"type":"function","function":{"name":"read","parameters":{"type":"object","properties":{"path":{"type":"string","maxLength":6},"line":{"type":"integer","minimum":1,"maximum":99}},"required":["path","line"],"additionalProperties":false}}}]
        """;

    readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(120) };
    ServedModel _model = null!;
    LocalModelServer _server = null!;

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var options = new ServedModelOptions { Path = SmallModel.Path, Id = "random", Cells = 4_096, Slots = 3, QueueMax = 1, Threads = 1 };
        _model = ServedModel.Load(ModelLibrary.Load(), options, TimeProvider.System);
        _server = await LocalModelServer.StartAsync(_model, new ModelServerOptions(), TimeProvider.System, Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
        await _model.DisposeAsync();
    }

    async Task<(int Status, JsonElement Body)> PostAsync(string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync($"{_server.BaseUrl}/{path}", content, Cancel);
        using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancel));
        return ((int)response.StatusCode, answer.RootElement.Clone());
    }

    async Task<List<JsonElement>> StreamAsync(string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{_server.BaseUrl}/{path}") { Content = content };
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
        Assert.True(response.IsSuccessStatusCode, await Said(response));
        var (chunks, done) = (new List<JsonElement>(), false);
        await foreach (var e in SseParser.Create(await response.Content.ReadAsStreamAsync(Cancel)).EnumerateAsync(Cancel))
        {
            Assert.False(done, "something came behind the end");
            done = e.Data == "[DONE]";
            if (!done)
            {
                using var chunk = JsonDocument.Parse(e.Data);
                chunks.Add(chunk.RootElement.Clone());
            }
        }

        Assert.True(done);
        return chunks;

        static async Task<string> Said(HttpResponseMessage response) =>
            response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync(Cancel);
    }

    static JsonElement Choice(JsonElement body) => body.GetProperty("choices")[0];

    // The same request twice is answered alike up to rounding, and random weights are moved by rounding: so each answer is
    // compared with its own tokens, read once more.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_required_call_comes_with_arguments_its_schema_accepts_and_every_token_is_where_it_belongs(bool streamed)
    {
        const string Ask = $$"""{"model":"random","messages":[{"role":"user","content":"Read ä"}],"tools":{{Tools}},"tool_choice":"required","parallel_tool_calls":false,"seed":4,"temperature":0.7,"max_tokens":3000,"logit_bias":{"270":4},"return_token_ids":true""";
        var chunks = streamed ? await StreamAsync("chat/completions", Ask + ""","stream":true,"stream_options":{"include_usage":true}}""")
            : [(await PostAsync("chat/completions", Ask + "}")).Body];
        var choices = chunks.Where(c => c.GetProperty("choices").GetArrayLength() > 0).Select(Choice).ToList();
        var tokens = choices.Where(c => c.TryGetProperty("token_ids", out _)).SelectMany(c => c.GetProperty("token_ids").EnumerateArray()).Select(t => t.GetInt32());
        var parts = Parts(tokens);
        var messages = choices.Select(c => c.GetProperty(streamed ? "delta" : "message")).ToList();
        Assert.Equal("tool_calls", choices[^1].GetProperty("finish_reason").GetString());
        Assert.Equal(string.Concat(parts.OfType<ReplyPart.Reasoning>().Select(r => r.Text)), Joined(messages, "reasoning_content"));
        var calls = messages.Where(m => m.TryGetProperty("tool_calls", out _)).SelectMany(m => m.GetProperty("tool_calls").EnumerateArray()).ToList();
        Assert.Equal("functions.read:0", Assert.Single(calls, c => c.TryGetProperty("id", out _)).GetProperty("id").GetString());
        var said = Joined(calls.Select(c => c.GetProperty("function")), "arguments");
        Assert.Equal(string.Concat(parts.OfType<ReplyPart.CallArguments>().Select(a => a.Text)), said);
        using var arguments = JsonDocument.Parse(said);
        Assert.InRange(arguments.RootElement.GetProperty("line").GetInt32(), 1, 99);
        Assert.InRange(arguments.RootElement.GetProperty("path").GetString()!.Length, 0, 6);
        var usage = chunks[^1].GetProperty("usage");
        Assert.Equal(tokens.Count(), usage.GetProperty("completion_tokens").GetInt32());
    }

    static List<ReplyPart> Parts(IEnumerable<int> tokens)
    {
        var vocabulary = SmallModel.Model.Vocabulary;
        var grammar = SchemaGrammar.Of(JsonDocument.Parse(Tools).RootElement[0].GetProperty("function").GetProperty("parameters")).Text;
        var options = new K2ReplyOptions { Thinks = true, MustCall = true, Tools = new Dictionary<string, string> { ["read"] = grammar } };
        using var reply = new K2Reply(vocabulary, K2Marks.Of(vocabulary)!, options, g => new NativeGrammar(vocabulary, g));
        var parts = new List<ReplyPart>();
        foreach (var token in tokens)
        {
            reply.Take(token, parts);
        }

        return parts;
    }

    static string Joined(IEnumerable<JsonElement> objects, string name) => string.Concat(objects.Select(o =>
        o.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : ""));

    [Fact]
    public async Task A_reply_that_broke_off_goes_on_in_the_middle_of_anything()
    {
        const string Ask = $$"""{"messages":[{"role":"user","content":"Read ä"}],"tools":{{Tools}},"tool_choice":"required","parallel_tool_calls":false,"seed":4,"temperature":0.7,"max_tokens":3000,"logit_bias":{"270":4},"return_reply_ids":true,"stream":true,"stream_options":{"include_usage":true}""";
        var chunks = await StreamAsync("chat/completions", Ask + "}");
        var ids = Ids(chunks);
        Assert.DoesNotContain(chunks, c => c.TryGetProperty("prompt_token_ids", out _));
        foreach (var cut in (int[])[1, ids.Count / 4, ids.Count / 2, ids.Count - 12, ids.Count - 5, ids.Count - 1, ids.Count])
        {
            var head = string.Join(',', ids.Take(cut));
            var rest = await StreamAsync("chat/completions", Ask + $$""","continue_token_ids":[{{head}}]}""");
            var echo = await StreamAsync("chat/completions", Ask + $$""","continue_token_ids":[{{head}}],"continue_echo":true}""");
            Assert.Equal(ids.Take(cut), Ids(echo).Take(cut));
            foreach (var (tokens, shown) in new[] { (ids.Take(cut).Concat(Ids(rest)).ToList(), Before(chunks, cut).Concat(rest)), (Ids(echo), echo) })
            {
                // What rounding makes of the rest may differ; that each token stands for what it stands for in one piece may not.
                var parts = Parts(tokens);
                var messages = shown.Where(c => c.GetProperty("choices").GetArrayLength() > 0).Select(c => Choice(c).GetProperty("delta")).ToList();
                var functions = messages.Where(m => m.TryGetProperty("tool_calls", out _)).SelectMany(m => m.GetProperty("tool_calls").EnumerateArray()).Select(c => c.GetProperty("function"));
                Assert.Equal(string.Concat(parts.OfType<ReplyPart.Reasoning>().Select(r => r.Text)), Joined(messages, "reasoning_content"));
                Assert.Equal(string.Concat(parts.OfType<ReplyPart.CallArguments>().Select(a => a.Text)), Joined(functions, "arguments"));
                using var arguments = JsonDocument.Parse(Joined(functions, "arguments"));
            }

            Assert.Equal("tool_calls", Choice(rest[^2]).GetProperty("finish_reason").GetString());
            Assert.Equal(Ids(rest).Count + cut, rest[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32());
            Assert.Equal(chunks[^1].GetProperty("usage").GetProperty("prompt_tokens").GetInt32(), rest[^1].GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
        }

        Assert.Equal(400, (await PostAsync("chat/completions", Ask.Replace("\"stream\":true,", "", StringComparison.Ordinal) + $$""","continue_token_ids":[{{string.Join(',', ids)}},{{ids[0]}}]}""")).Status);
    }

    static List<int> Ids(IEnumerable<JsonElement> chunks) => [.. chunks.Where(c => c.GetProperty("choices").GetArrayLength() > 0).Select(Choice)
        .Where(c => c.TryGetProperty("token_ids", out _)).SelectMany(c => c.GetProperty("token_ids").EnumerateArray()).Select(t => t.GetInt32())];

    /// <summary>The chunks that brought the first so many tokens.</summary>
    static List<JsonElement> Before(List<JsonElement> chunks, int tokens) =>
        [.. chunks.TakeWhile((_, i) => Ids(chunks.Take(i + 1)).Count <= tokens && !HasEnd(chunks[i]))];

    static bool HasEnd(JsonElement chunk) => chunk.GetProperty("choices").GetArrayLength() == 0
        || Choice(chunk).GetProperty("finish_reason").ValueKind == JsonValueKind.String;

    [Fact]
    public async Task An_answer_under_a_schema_is_its_value()
    {
        var (_, body) = await PostAsync("chat/completions", """
            {"messages":[{"role":"user","content":"How many?"}],"seed":1,"max_tokens":3000,"chat_template_kwargs":{"thinking":false},
             "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],"additionalProperties":false}}}}
            """);
        using var answer = JsonDocument.Parse(Choice(body).GetProperty("message").GetProperty("content").GetString()!);
        Assert.Equal(JsonValueKind.Number, answer.RootElement.GetProperty("n").ValueKind);
        Assert.Equal("stop", Choice(body).GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task A_completion_goes_on_from_token_ids_and_reports_them()
    {
        const string Ask = """{"prompt":[72,105,32],"max_tokens":12,"temperature":0,"ignore_eos":true,"return_token_ids":true""";
        var (_, whole) = await PostAsync("completions", Ask + ""","logprobs":2}""");
        var ids = Choice(whole).GetProperty("token_ids").EnumerateArray().Select(t => t.GetInt32()).ToList();
        Assert.Equal(12, ids.Count);
        Assert.Equal([72, 105, 32], Choice(whole).GetProperty("prompt_token_ids").EnumerateArray().Select(t => t.GetInt32()));
        var logprobs = Choice(whole).GetProperty("logprobs");
        Assert.Equal(12, logprobs.GetProperty("token_logprobs").GetArrayLength());
        Assert.All(logprobs.GetProperty("token_logprobs").EnumerateArray(), l => Assert.InRange(l.GetDouble(), -30, 0));
        var chunks = await StreamAsync("completions", Ask + ""","stream":true}""");
        Assert.Equal(12, chunks.Sum(c => Choice(c).GetProperty("token_ids").GetArrayLength()));
        // From the middle of what was said it goes on, and computes only the last token again: so a reply survives its server.
        var half = string.Join(',', (int[])[72, 105, 32, .. ids.Take(6)]);
        var (_, rest) = await PostAsync("completions", $$"""{"prompt":[{{half}}],"max_tokens":6,"temperature":0,"ignore_eos":true,"return_token_ids":true}""");
        Assert.Equal(6, Choice(rest).GetProperty("token_ids").GetArrayLength());
        Assert.Equal(8, rest.GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32());
    }

    [Fact]
    public async Task A_step_pays_only_for_what_is_new()
    {
        var head = new string('h', 600);
        async Task<JsonElement> Step(string more) => (await PostAsync(
            "completions", $$"""{"prompt":"{{head}}{{more}}","max_tokens":1,"temperature":0}""")).Body.GetProperty("usage");
        var first = await Step("");
        Assert.Equal(0, first.GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32());
        var second = await Step("and more");
        Assert.Equal(600, second.GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32());
        Assert.Equal(608, second.GetProperty("prompt_tokens").GetInt32());
    }

    [Theory]
    [InlineData("chat/completions", "{", 400)]
    [InlineData("chat/completions", "3", 400)]
    [InlineData("chat/completions", """{"messages":[]}""", 400)]
    [InlineData("chat/completions", """{"model":"gpt-5","messages":[{"role":"user","content":"x"}]}""", 404)]
    [InlineData("chat/completions", """{"messages":[{"role":"robot","content":"x"}]}""", 400)]
    [InlineData("chat/completions", """{"messages":[{"role":"user","content":"\ud83d"}]}""", 400)]
    [InlineData("chat/completions", """{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}""", 400)]
    [InlineData("chat/completions", """{"messages":[{"role":"user","content":"x"}],"temperature":9}""", 400)]
    [InlineData("chat/completions", """{"messages":[{"role":"user","content":"x"}],"n":2}""", 400)]
    [InlineData("chat/completions", """{"messages":[{"role":"user","content":"x"}],"tool_choice":"required"}""", 400)]
    [InlineData("chat/completions", """{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"a b"}}]}""", 400)]
    [InlineData("completions", """{"prompt":[1,99999]}""", 400)]
    [InlineData("completions", """{"prompt":""}""", 400)]
    [InlineData("completions", """{"prompt":"x","stop":[""]}""", 400)]
    public async Task Bad_requests_are_answered_in_the_common_form(string path, string body, int status)
    {
        var (got, answer) = await PostAsync(path, body);
        Assert.Equal(status, got);
        Assert.True(answer.GetProperty("error").GetProperty("message").GetString()!.Length > 0);
    }

    [Fact]
    public async Task A_conversation_that_does_not_fit_is_refused_in_words_clients_know()
    {
        var (status, body) = await PostAsync("chat/completions", $$"""{"messages":[{"role":"user","content":"{{new string('x', 5_000)}}"}]}""");
        Assert.Equal((400, "context_length_exceeded"), (status, body.GetProperty("error").GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Who_comes_when_the_queue_is_full_is_told_when_to_come_again_and_who_leaves_makes_room()
    {
        const string Long = """{"prompt":"x","max_tokens":4000,"ignore_eos":true,"stream":true,"rid":"r0"}""";
        using var leave = new CancellationTokenSource();
        var streams = new List<HttpResponseMessage>();
        for (var i = 0; i < 3; i++)
        {
            streams.Add(await BeginAsync(Long.Replace("r0", $"r{i}", StringComparison.Ordinal), leave.Token));
        }

        // Three slots speak, one more may wait; all four are in before the fifth is asked.
        var waiting = BeginAsync(Long.Replace("r0", "r3", StringComparison.Ordinal), leave.Token);
        await UntilAsync(() => _model.Generator.Figures.Waiting == 1);
        using var content = new StringContent("""{"prompt":"x"}""", Encoding.UTF8, "application/json");
        using var refused = await _http.PostAsync(_server.BaseUrl + "/completions", content, Cancel);
        Assert.Equal(429, (int)refused.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);

        var (status, _) = await PostAsync("../abort_request", """{"rid":"r0"}""");
        Assert.Equal(200, status);
        (await waiting).Dispose();
        await leave.CancelAsync();
        streams.ForEach(s => s.Dispose());
        await UntilAsync(() => _model.Generator.Figures is { Running: 0, Waiting: 0 });
        Assert.Equal(200, (await PostAsync("completions", """{"prompt":"x","max_tokens":1}""")).Status);
        Assert.Equal(404, (await PostAsync("../abort_request", """{"rid":"r0"}""")).Status);
    }

    async Task<HttpResponseMessage> BeginAsync(string body, CancellationToken cancel)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, _server.BaseUrl + "/completions")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
    }

    static async Task UntilAsync(Func<bool> holds)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        late.CancelAfter(TimeSpan.FromSeconds(60));
        while (!holds())
        {
            await Task.Delay(5, late.Token);
        }
    }

    [Fact]
    public async Task Metrics_have_the_names_that_routers_read()
    {
        await PostAsync("completions", """{"prompt":"abc","max_tokens":2,"ignore_eos":true}""");
        var text = await _http.GetStringAsync(_server.BaseUrl.Replace("/v1", "/metrics", StringComparison.Ordinal), Cancel);
        foreach (var line in (string[])
        [
            "vllm:num_requests_running{model_name=\"random\"} 0", "vllm:num_requests_waiting{model_name=\"random\"} 0",
            "vllm:kv_cache_usage_perc{model_name=\"random\"} 0", "vllm:prompt_tokens_total{model_name=\"random\"} 3",
            "vllm:generation_tokens_total{model_name=\"random\"} 2", "vllm:num_preemptions_total{model_name=\"random\"} 0",
            "vllm:time_to_first_token_seconds_count{model_name=\"random\"} 1", "vllm:request_queue_time_seconds_count{model_name=\"random\"} 1",
            "vllm:request_success_total{model_name=\"random\",finished_reason=\"length\"} 1", "vllm:prefix_cache_hits_total{model_name=\"random\"} 0",
        ])
        {
            Assert.Contains(line, text, StringComparison.Ordinal);
        }

        var models = await _http.GetStringAsync(_server.BaseUrl + "/models", Cancel);
        Assert.Contains("\"id\":\"random\"", models, StringComparison.Ordinal);
    }
}
