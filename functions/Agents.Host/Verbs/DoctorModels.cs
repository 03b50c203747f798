using System.Globalization;
using System.Text.Json;
using Agents.Client.Remote;
using Agents.Client.Runs;
using Agents.Contracts.Runs;
using Agents.Host.Terminal;

namespace Agents.Host.Verbs;

/// <summary>What agents doctor says of model workers.</summary>
static class DoctorModels
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    /// <summary>Those of the host of this data directory.</summary>
    public static async Task<IReadOnlyList<Finding>> WorkersAsync(HttpApi api, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/workers");
        try
        {
            using var answer = await api.SendAsync(request, cancel);
            return Read(await answer.Content.ReadAsStringAsync(cancel));
        }
        catch (Exception e) when (e is RunFaultException or JsonException)
        {
            return [new Finding("note", "model workers", e.Message)];
        }
    }

    /// <summary>Those of the pool that a profile names.</summary>
    public static async Task<IReadOnlyList<Finding>> WorkersOfAsync(ModelProfile profile, CancellationToken cancel)
    {
        var root = profile.BaseUrl.TrimEnd('/');
        root = root.EndsWith("/v1", StringComparison.Ordinal) ? root[..^3] : root;
        using var http = new HttpClient { Timeout = s_patience };
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, root + "/pool/workers");
            if (profile.ApiKeyEnv is { } variable && Environment.GetEnvironmentVariable(variable) is { Length: > 0 } key)
            {
                request.Headers.Authorization = new("Bearer", key);
            }

            using var answer = await http.SendAsync(request, cancel);
            return answer.IsSuccessStatusCode
                ? Read(await answer.Content.ReadAsStringAsync(cancel))
                : [new Finding("note", "model workers", $"{root}/pool/workers answers {(int)answer.StatusCode}")];
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or JsonException)
        {
            return [new Finding("note", "model workers", $"{root}/pool/workers cannot be read: {e.Message}")];
        }
    }

    static List<Finding> Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        return [.. document.RootElement.GetProperty("workers").EnumerateArray().Select(Worker)];
    }

    static Finding Worker(JsonElement worker)
    {
        var health = worker.GetProperty("health").GetString();
        var totals = worker.GetProperty("totals");
        var (prompts, cached) = (totals.GetProperty("promptTokens").GetInt64(), totals.GetProperty("cachedTokens").GetInt64());
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{health}, serves {string.Join(", ", worker.GetProperty("models").EnumerateArray().Select(m => m.GetString()))}"
            + $"; {worker.GetProperty("running").GetInt32()} run, {worker.GetProperty("waiting").GetInt32()} wait")
            + (Number(worker, "tokensPerSecond") is { } speed ? string.Create(CultureInfo.InvariantCulture, $"; {speed:0} tokens/s") : "")
            + (prompts > 0 ? string.Create(CultureInfo.InvariantCulture, $"; {100.0 * cached / prompts:0.#} % of prompt tokens were held") : "")
            + $"; {Figures.Count(totals.GetProperty("replyTokens").GetInt64())} tokens made"
            + (worker.TryGetProperty("why", out var why) ? $"; {why.GetString()}" : "");
        return new Finding(health == "ready" ? "ok" : "note", $"worker {worker.GetProperty("worker").GetString()}", text);
    }

    static double? Number(JsonElement of, string name) => of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
}
