using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Agents.Contracts.Pool;
using Agents.Pool.Figures;
using Agents.Pool.Passing;
using Agents.Pool.Queue;
using Microsoft.AspNetCore.Http;

namespace Agents.Pool.Http;

/// <summary>The routes of a pool.</summary>
sealed class PoolEndpoints(Dispatcher dispatcher, Passer passer, PoolGate gate)
{
    const string Workers = "/pool/workers";
    const string Runs = "/pool/runs/";

    public async Task AnswerAsync(HttpContext context)
    {
        try
        {
            await RouteAsync(context, context.Request.Method, context.Request.Path.Value ?? "/");
        }
        catch (CallRefusedException e)
        {
            await RefuseAsync(context, e);
        }
        catch (PoolException e)
        {
            await RefuseAsync(context, new CallRefusedException(422, e.Message, e.Code));
        }
        catch (BadHttpRequestException e)
        {
            await RefuseAsync(context, new CallRefusedException(e.StatusCode, e.Message));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException && !context.Response.HasStarted)
        {
            await RefuseAsync(context, new CallRefusedException(400, $"the body cannot be read: {e.Message}"));
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        {
            // The caller left: there is nobody to answer.
        }
    }

    Task RouteAsync(HttpContext context, string method, string path)
    {
        switch (method, path)
        {
            case ("GET", "/health"):
                return WriteAsync(context, 200, new HealthLine("ok", dispatcher.Id), PoolJson.Plain.HealthLine); // may be asked by everybody
            case ("POST", "/v1/chat/completions"):
                return PassAsync(context, "chat/completions");
            case ("POST", "/v1/completions"):
                return PassAsync(context, "completions");
        }

        gate.Check(context, path.StartsWith(Workers, StringComparison.Ordinal) && method != "GET" ? PoolOptions.WorkersHub : PoolOptions.CallersHub);
        return (method, path) switch
        {
            ("GET", "/v1/models") => ModelsAsync(context),
            ("GET", "/metrics") => MetricsAsync(context),
            ("GET", Workers) => WriteAsync(context, 200, dispatcher.View(), PoolJson.Plain.PoolView),
            ("POST", Workers) => ReportAsync(context),
            ("DELETE", _) when Below(path, Workers + "/") is { } worker => LeaveAsync(context, worker),
            ("POST", _) when Below(path, Runs) is { } run => HintAsync(context, run),
            (_, "/health" or "/v1/chat/completions" or "/v1/completions" or "/v1/models" or "/metrics" or Workers) =>
                throw new CallRefusedException(405, $"{method} is not served here"),
            _ => throw new CallRefusedException(404, $"there is nothing at {path}"),
        };
    }

    static string? Below(string path, string folder) =>
        path.StartsWith(folder, StringComparison.Ordinal) && path.Length > folder.Length && !path[folder.Length..].Contains('/') ? path[folder.Length..] : null;

    Task PassAsync(HttpContext context, string path)
    {
        gate.Check(context, PoolOptions.CallersHub);
        return passer.PassAsync(context, path);
    }

    async Task ReportAsync(HttpContext context)
    {
        var report = await ReadAsync(context, PoolJson.Plain.WorkerReport);
        await WriteAsync(context, 200, await dispatcher.ReportAsync(report, context.RequestAborted), PoolJson.Plain.PoolAnswer);
    }

    async Task LeaveAsync(HttpContext context, string worker)
    {
        var incarnation = context.Request.Query["incarnation"].ToString();
        await dispatcher.LeaveAsync(worker, incarnation, context.RequestAborted);
        context.Response.StatusCode = 204;
    }

    async Task HintAsync(HttpContext context, string run)
    {
        var hint = await ReadAsync(context, PoolJson.Plain.RunHintBody);
        if (hint.BackInMs is < 0 or > 86_400_000)
        {
            throw new CallRefusedException(400, "'backInMs' must be 0 to 86400000");
        }

        dispatcher.Hear(new RunHint(
            run, Call.PrefixOf(run, hint.Prefix), hint.Ended, hint.BackInMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null));
        context.Response.StatusCode = 204;
    }

    /// <summary>The models of workers that take requests or will: a model is there while a worker with it is heard of.</summary>
    Task ModelsAsync(HttpContext context)
    {
        var models = dispatcher.View().Workers.Where(w => w.Health is "ready" or "probe").SelectMany(w => w.Models.Select(m => (Model: m, w.ContextTokens)))
            .GroupBy(m => m.Model, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => new ModelLine(g.Key, "model", 0, "agents-pool", g.Max(m => m.ContextTokens) is > 0 and var most ? most : null));
        return WriteAsync(context, 200, new ModelLines("list", [.. models]), PoolJson.Plain.ModelLines);
    }

    Task MetricsAsync(HttpContext context)
    {
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        return context.Response.WriteAsync(MetricsText.Write(dispatcher.View(), dispatcher.Figures, passer.BytesHeld), context.RequestAborted);
    }

    static async Task<T> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type) =>
        await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted) ?? throw new JsonException("null is no object");

    static async Task RefuseAsync(HttpContext context, CallRefusedException e)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        if (e.RetryAfter is { } after)
        {
            context.Response.Headers.RetryAfter = AnswerHead.Seconds(after);
        }

        await WriteAsync(context, e.Status, new ErrorLine(new ErrorBody(e.Message, e.Type, null, e.Code)), PoolJson.Plain.ErrorLine);
    }

    static async Task WriteAsync<T>(HttpContext context, int status, T value, JsonTypeInfo<T> type)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(context.Response.Body, value, type, context.RequestAborted);
    }
}
