using Agents.Contracts.Pool;

namespace Agents.GpuWorker.Probing;

/// <summary>
/// Reads what routing needs from the metrics of vLLM (and this program's own model server, which uses its names), SGLang
/// and llama.cpp's server. Each is known by the first word of its names.
/// </summary>
public sealed class ServerFigures(TimeProvider clock)
{
    (double Tokens, long At)? _made;

    /// <summary>Which server wrote the page; null where none is known by it.</summary>
    public static string? ServerOf(MetricsPage page) =>
        page.Has("vllm:") ? "vllm" : page.Has("sglang:") || page.Has("sglang_") ? "sglang" : page.Has("llamacpp:") ? "llama-server" : null;

    public WorkerFigures Read(MetricsPage page) => ServerOf(page) switch
    {
        "vllm" => Vllm(page),
        "sglang" => Sglang(page),
        "llama-server" => Llama(page),
        _ => new WorkerFigures(),
    };

    WorkerFigures Vllm(MetricsPage page)
    {
        var room = page.Labels("vllm:cache_config_info", "block_size").Zip(page.Labels("vllm:cache_config_info", "num_gpu_blocks"), (size, blocks) => size * blocks)
            .Where(double.IsFinite).Sum();
        var used = page.Mean("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc");
        var queries = page.Sum("vllm:prefix_cache_queries_total", "vllm:prefix_cache_queries");
        return new WorkerFigures
        {
            KvTokens = room > 0 ? Whole(room) : null,
            KvTokensUsed = room > 0 && used is { } share ? Whole(room * share) : null,
            Running = Whole(page.Sum("vllm:num_requests_running")),
            Waiting = Whole(page.Sum("vllm:num_requests_waiting")),
            TokensPerSecond = Speed(page.Sum("vllm:generation_tokens_total", "vllm:generation_tokens")),
            PrefixHitRate = queries > 0 ? page.Sum("vllm:prefix_cache_hits_total", "vllm:prefix_cache_hits") / queries : null,
        };
    }

    static WorkerFigures Sglang(MetricsPage page)
    {
        var used = page.Sum("sglang:num_used_tokens", "sglang_num_used_tokens");
        var share = page.Mean("sglang:token_usage", "sglang_token_usage");
        var room = page.Sum("sglang:max_total_num_tokens", "sglang_max_total_num_tokens") ?? (used > 0 && share > 0 ? used / share : null);
        return new WorkerFigures
        {
            KvTokens = room > 0 ? Whole(room) : null,
            KvTokensUsed = room > 0 ? Whole(used ?? (room * share)) : null,
            Running = Whole(page.Sum("sglang:num_running_reqs", "sglang_num_running_reqs")),
            Waiting = Whole(page.Sum("sglang:num_queue_reqs", "sglang_num_queue_reqs")),
            TokensPerSecond = page.Sum("sglang:gen_throughput", "sglang_gen_throughput"),
            PrefixHitRate = page.Mean("sglang:cache_hit_rate", "sglang_cache_hit_rate"),
        };
    }

    WorkerFigures Llama(MetricsPage page) => new()
    {
        Running = Whole(page.Sum("llamacpp:requests_processing")),
        Waiting = Whole(page.Sum("llamacpp:requests_deferred")),
        KvTokensUsed = Whole(page.Sum("llamacpp:kv_cache_tokens")),
        TokensPerSecond = Speed(page.Sum("llamacpp:tokens_predicted_total")),
    };

    /// <summary>What was made since the last look; a server that started anew counts from 0.</summary>
    double? Speed(double? made)
    {
        if (made is not { } tokens)
        {
            return null;
        }

        var now = clock.GetTimestamp();
        var before = _made;
        _made = (tokens, now);
        return before is { } last && tokens >= last.Tokens && clock.GetElapsedTime(last.At, now) is { Ticks: > 0 } passed
            ? (tokens - last.Tokens) / passed.TotalSeconds
            : null;
    }

    static int? Whole(double? number) => number is { } n ? (int)Math.Clamp(Math.Round(n), 0, int.MaxValue) : null;
}
