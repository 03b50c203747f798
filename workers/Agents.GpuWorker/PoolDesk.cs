using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using Agents.Contracts.Pool;

namespace Agents.GpuWorker;

/// <summary>Reports to a pool over HTTP. Its address may lead through a sidecar, such as http://127.0.0.1:3500/v1.0/invoke/pool/method.</summary>
/// <param name="pool">Base address of the pool, without version segment.</param>
/// <param name="key">Shown as a bearer key; null for none.</param>
public sealed class PoolDesk(HttpMessageInvoker http, string pool, string? key, TimeProvider clock) : IWorkerDesk, IDisposable
{
    const int ErrorCharactersMax = 500;
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    readonly string _workers = $"{pool.TrimEnd('/')}/pool/workers";

    /// <summary>Throws <see cref="GpuWorkerException"/> with AG4054 where the pool refuses, <see cref="HttpRequestException"/> where it does not answer.</summary>
    public async Task<PoolAnswer> ReportAsync(WorkerReport report, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _workers) { Content = JsonContent.Create(report, DeskJson.Default.WorkerReport) };
        using var answer = await SendAsync(request, cancel);
        return await answer.Content.ReadFromJsonAsync(DeskJson.Default.PoolAnswer, cancel) ?? throw new HttpRequestException("the pool answered null");
    }

    public async Task LeaveAsync(string worker, string incarnation, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"{_workers}/{worker}?incarnation={incarnation}");
        using var answer = await SendAsync(request, cancel);
    }

    async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(s_patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        try
        {
            var answer = await http.SendAsync(request, either.Token);
            if (answer.IsSuccessStatusCode)
            {
                return answer;
            }

            using (answer)
            {
                throw await RefusalAsync(answer, either.Token);
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new HttpRequestException($"the pool does not answer within {s_patience.TotalSeconds:0} s");
        }
        catch (JsonException e)
        {
            throw new HttpRequestException($"what answers is no pool: {e.Message}", e);
        }
    }

    static async Task<Exception> RefusalAsync(HttpResponseMessage answer, CancellationToken cancel)
    {
        var text = await answer.Content.ReadAsStringAsync(cancel);
        text = text.Length <= ErrorCharactersMax ? text : text[..ErrorCharactersMax];
        return answer.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new GpuWorkerException(
                "AG4054", $"the pool does not let this worker in ({(int)answer.StatusCode}): {text}", "give a key that opens 'model-workers' in the variable of --pool-key-env"),
            HttpStatusCode.UnprocessableEntity or HttpStatusCode.BadRequest => new GpuWorkerException(
                "AG4054", $"the pool refuses the report: {text}", "mend what it names"),
            _ => new HttpRequestException($"the pool answers {(int)answer.StatusCode}: {text}"),
        };
    }

    public void Dispose() => http.Dispose();
}

/// <summary>The JSON of reports.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(WorkerReport))]
[JsonSerializable(typeof(PoolAnswer))]
sealed partial class DeskJson : JsonSerializerContext;
