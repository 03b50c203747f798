using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Agents.Contracts.Pool;

namespace Agents.GpuWorker.Probing;

/// <summary>What a model server said of itself at one moment.</summary>
/// <param name="IsReady">It answers and its weights are loaded.</param>
/// <param name="Why">What keeps it from being ready; null when it is.</param>
public sealed record ProbeAnswer(bool IsReady, string? Why, IReadOnlyList<string> Models, WorkerFigures Figures, string? Server);

/// <summary>
/// Looks at a model server by real signals: GET /health, /v1/models and /metrics, and /props of llama.cpp's server. Any
/// OpenAI-compatible server will do; one that has only /v1/models is watched by that.
/// </summary>
public sealed class ServerProbe(HttpMessageInvoker http, string baseUrl, string? key, TimeProvider clock) : IDisposable
{
    const int PageBytesMax = 8 << 20;
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    readonly ServerFigures _figures = new(clock);
    readonly string _base = baseUrl.TrimEnd('/');
    IReadOnlyList<string> _models = [];
    (int? Context, int? Slots) _sizes;

    /// <summary>The address without its version segment, where health and metrics are.</summary>
    string Root => _base.EndsWith("/v1", StringComparison.Ordinal) ? _base[..^3] : _base;

    public async Task<ProbeAnswer> LookAsync(CancellationToken cancel)
    {
        var health = await GetAsync(Root + "/health", cancel);
        if (health.Failure is { } failure)
        {
            return Not(failure);
        }

        if (health.Status is not (HttpStatusCode.OK or HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed))
        {
            return Not(health.Status == HttpStatusCode.ServiceUnavailable
                ? "loads its model or stops (503)"
                : $"its health answers {(int)health.Status}");
        }

        var models = await ModelsAsync(cancel);
        if (models is { } problem)
        {
            return Not(problem);
        }

        var metrics = await GetAsync(Root + "/metrics", cancel);
        var page = metrics is { Failure: null, Status: HttpStatusCode.OK } ? MetricsPage.Read(metrics.Text) : null;
        var server = page is null ? null : ServerFigures.ServerOf(page);
        if (server == "llama-server" && _sizes.Slots is null)
        {
            await PropsAsync(cancel);
        }

        var figures = page is null ? new WorkerFigures() : _figures.Read(page);
        return new ProbeAnswer(true, null, _models, figures with { ContextTokens = _sizes.Context, RunningMax = _sizes.Slots }, server);
    }

    ProbeAnswer Not(string why) => new(false, why, _models, new WorkerFigures { ContextTokens = _sizes.Context, RunningMax = _sizes.Slots }, null);

    /// <summary>Null when the models are known; else what is wrong.</summary>
    async Task<string?> ModelsAsync(CancellationToken cancel)
    {
        var answer = await GetAsync(_base + "/models", cancel);
        if (answer.Failure is not null || answer.Status != HttpStatusCode.OK)
        {
            return answer.Failure ?? (answer.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
                ? "refuses the key it was shown"
                : $"GET /v1/models answers {(int)answer.Status}");
        }

        try
        {
            using var document = JsonDocument.Parse(answer.Text);
            var data = document.RootElement.GetProperty("data").EnumerateArray().ToList();
            _models = [.. data.Select(m => m.GetProperty("id").GetString() ?? "").Where(id => id.Length > 0)];
            _sizes = (data.Select(Context).FirstOrDefault(c => c is not null) ?? _sizes.Context, _sizes.Slots);
            return _models.Count > 0 ? null : "serves no model";
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return $"GET /v1/models answers what cannot be read: {e.Message}";
        }
    }

    // vLLM and SGLang say max_model_len; llama.cpp's server says the length it was trained for, which is no bound here.
    static int? Context(JsonElement model) =>
        model.TryGetProperty("max_model_len", out var length) && length.ValueKind == JsonValueKind.Number && length.TryGetInt32(out var tokens) ? tokens : null;

    async Task PropsAsync(CancellationToken cancel)
    {
        var answer = await GetAsync(Root + "/props", cancel);
        if (answer is not { Failure: null, Status: HttpStatusCode.OK })
        {
            return;
        }

        try
        {
            using var document = JsonDocument.Parse(answer.Text);
            var root = document.RootElement;
            var slots = root.TryGetProperty("total_slots", out var total) && total.TryGetInt32(out var count) ? count : (int?)null;
            var context = root.TryGetProperty("default_generation_settings", out var settings) && settings.TryGetProperty("n_ctx", out var window)
                && window.TryGetInt32(out var tokens) ? tokens : _sizes.Context;
            _sizes = (context, slots);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // It serves all the same.
        }
    }

    async Task<(HttpStatusCode Status, string Text, string? Failure)> GetAsync(string address, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(s_patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
            using var answer = await http.SendAsync(request, either.Token);
            await answer.Content.LoadIntoBufferAsync(PageBytesMax, either.Token);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync(either.Token), null);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            cancel.ThrowIfCancellationRequested();
            return (default, "", e is OperationCanceledException ? $"does not answer within {s_patience.TotalSeconds:0} s" : $"cannot be reached: {e.Message}");
        }
    }

    public void Dispose() => http.Dispose();
}
