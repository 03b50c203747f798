using Agents.GpuWorker.Probing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Agents.Tests.GpuWorker;

public sealed class ServerFiguresTests
{
    const string Vllm = """
        # HELP vllm:num_requests_running Number of requests in model execution batches.
        # TYPE vllm:num_requests_running gauge
        vllm:num_requests_running{engine="0",model_name="moonshotai/Kimi-K2-Thinking"} 3.0
        vllm:num_requests_waiting{engine="0",model_name="moonshotai/Kimi-K2-Thinking"} 2.0
        vllm:kv_cache_usage_perc{engine="0",model_name="moonshotai/Kimi-K2-Thinking"} 0.25
        vllm:prefix_cache_queries_total{engine="0",model_name="moonshotai/Kimi-K2-Thinking"} 1000.0
        vllm:prefix_cache_hits_total{engine="0",model_name="moonshotai/Kimi-K2-Thinking"} 900.0
        vllm:generation_tokens_total{engine="0",model_name="moonshotai/Kimi-K2-Thinking"} 5000.0
        vllm:cache_config_info{block_size="16",cache_dtype="auto",engine="0",num_gpu_blocks="44692"} 1.0
        vllm:time_to_first_token_seconds_bucket{le="+Inf",model_name="x"} 7 1700000000000
        """;

    readonly FakeTimeProvider _clock = new();

    [Fact]
    public void Those_of_vLLM_are_read()
    {
        var figures = new ServerFigures(_clock);
        var first = figures.Read(MetricsPage.Read(Vllm));
        Assert.Equal((715_072, 178_768, 3, 2), (first.KvTokens, first.KvTokensUsed, first.Running, first.Waiting));
        Assert.Equal(0.9, first.PrefixHitRate!.Value, 6);
        Assert.Null(first.TokensPerSecond);

        _clock.Advance(TimeSpan.FromSeconds(2));
        var second = figures.Read(MetricsPage.Read(Vllm.Replace("} 5000.0", "} 5300.0", StringComparison.Ordinal)));
        Assert.Equal(150, second.TokensPerSecond!.Value, 6);

        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(figures.Read(MetricsPage.Read(Vllm.Replace("} 5000.0", "} 10.0", StringComparison.Ordinal))).TokensPerSecond); // it started anew
    }

    [Fact]
    public void Those_of_SGLang_are_read()
    {
        var figures = new ServerFigures(_clock).Read(MetricsPage.Read("""
            sglang:num_running_reqs{model_name="kimi"} 4.0
            sglang:num_queue_reqs{model_name="kimi"} 1.0
            sglang:token_usage{model_name="kimi"} 0.5
            sglang:num_used_tokens{model_name="kimi"} 20000.0
            sglang:cache_hit_rate{model_name="kimi"} 0.75
            sglang:gen_throughput{model_name="kimi"} 321.5
            """));
        Assert.Equal((40_000, 20_000, 4, 1, 0.75, 321.5), (figures.KvTokens, figures.KvTokensUsed, figures.Running, figures.Waiting, figures.PrefixHitRate, figures.TokensPerSecond));
    }

    [Fact]
    public void Those_of_llama_cpps_server_are_read()
    {
        var page = MetricsPage.Read("llamacpp:requests_processing 2\nllamacpp:requests_deferred 5\nllamacpp:tokens_predicted_total 100\n");
        var figures = new ServerFigures(_clock).Read(page);
        Assert.Equal(("llama-server", 2, 5), (ServerFigures.ServerOf(page), figures.Running, figures.Waiting));
    }

    [Fact]
    public void What_cannot_be_read_is_skipped()
    {
        var page = MetricsPage.Read("nonsense\nvllm:num_requests_running{a=\"} 1\nvllm:num_requests_waiting NaN\n{} 3\nvllm:kv_cache_usage_perc} 1{\nvllm:x{} 1e999\n}{ 2");
        var figures = new ServerFigures(_clock).Read(page);
        Assert.Null(figures.Waiting);
        Assert.Null(figures.KvTokens);
        Assert.Null(ServerFigures.ServerOf(MetricsPage.Read("go_goroutines 5")));
    }
}
