using System.Text.Json;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Inference.Requests;
using Agents.Inference.Streaming;
using NJsonSchema;

namespace Agents.Host.Verification;

/// <summary>Asks a served model the fixed set of requests, as runs ask it, and judges what comes back.</summary>
sealed class ModelVerifier(ModelProfile profile, Func<Uri, HttpMessageInvoker> send, TimeProvider clock)
{
    const string System = "You are a helpful assistant. Use a tool when it is needed for what is asked, and only then.";
    const int DetailMax = 300;

    readonly ModelCases _cases = ModelCases.Load();
    readonly ChatClient _client = new(send, clock, Environment.GetEnvironmentVariable);
    readonly MessageRenderer _renderer = new(profile);

    /// <param name="rounds">How often each request is made.</param>
    /// <param name="atOnce">Requests in flight.</param>
    public async Task<VerificationReport> RunAsync(int rounds, int atOnce, CancellationToken cancel)
    {
        var schemas = new Dictionary<string, JsonSchema>(StringComparer.Ordinal);
        foreach (var tool in _cases.Tools)
        {
            schemas[tool.Name] = await JsonSchema.FromJsonAsync(tool.Parameters.GetRawText(), cancel);
        }

        var tools = ToolRenderer.Render(_cases.Specs);
        var asked = Enumerable.Range(0, rounds).SelectMany(_ => _cases.Cases).Select(c => (Case: c, Judged: (Judgement?)null)).ToArray();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, asked.Length), new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancel },
            async (i, stop) => asked[i].Judged = await AskAsync(asked[i].Case, tools, schemas, stop));
        return Report([.. asked.Select(a => (a.Case, a.Judged!))]);
    }

    async Task<Judgement> AskAsync(ModelCase one, byte[] tools, Dictionary<string, JsonSchema> schemas, CancellationToken cancel)
    {
        var request = new ModelRequest
        {
            Profile = profile, Messages = Messages(one), Tools = tools, RunId = $"verify-{one.Id}",
            Pool = new PoolCall($"verify-{one.Id}", "0", "verification", RunClass.Batch),
        };
        return await _client.CallAsync(request, null, cancel) switch
        {
            ModelOutcome.Replied replied => Judge(one, replied.Reply.ToolCalls, schemas),
            ModelOutcome.Failed failed => new Judgement("failed", failed.Error.Message, 0, 0),
            var other => throw new InvalidOperationException($"no judgement for {other.GetType().Name}"),
        };
    }

    List<ReadOnlyMemory<byte>> Messages(ModelCase one)
    {
        var messages = new List<ReadOnlyMemory<byte>> { _renderer.System(System), _renderer.User(one.User) };
        if (one.Did is { } did)
        {
            var call = new ToolCall(0, "functions." + did.Tool + ":0", did.Tool, did.Arguments.GetRawText());
            messages.Add(_renderer.Assistant(new ModelReply { ToolCalls = [call], Finish = FinishReason.ToolCalls }, 0));
            messages.Add(_renderer.Tool(call, did.Result, 0));
        }

        return messages;
    }

    static Judgement Judge(ModelCase one, IReadOnlyList<ToolCall> calls, Dictionary<string, JsonSchema> schemas)
    {
        var problems = calls.Select(c => Problem(c, schemas)).ToList();
        var valid = problems.Count(p => p is null);
        var (outcome, detail) = (one.Call, calls) switch
        {
            (null, []) => ("right", null),
            (null, [var first, ..]) => ("needless", $"called {first.Name}"),
            ({ } wanted, []) => ("missed", $"did not call {wanted}"),
            ({ } wanted, _) when calls.All(c => c.Name != wanted) => ("wrongTool", $"called {calls[0].Name}, not {wanted}"),
            _ when valid < calls.Count => ("badArguments", problems.First(p => p is not null)),
            _ => ("right", null),
        };
        return new Judgement(outcome, detail, calls.Count, valid);
    }

    static string? Problem(ToolCall call, Dictionary<string, JsonSchema> schemas)
    {
        if (!schemas.TryGetValue(call.Name, out var schema))
        {
            return $"called '{call.Name}', which was not offered";
        }

        try
        {
            var errors = schema.Validate(string.IsNullOrWhiteSpace(call.Arguments) ? "{}" : call.Arguments);
            return errors.Count == 0 ? null : $"{call.Name}: {errors.First()} in {call.Arguments}";
        }
        catch (Exception e) when (e is Newtonsoft.Json.JsonException)
        {
            return $"{call.Name}: arguments are no JSON: {call.Arguments}";
        }
    }

    VerificationReport Report(IReadOnlyList<(ModelCase Case, Judgement Judged)> all)
    {
        var judged = all.Where(a => a.Judged.Outcome != "failed").ToList();
        var called = judged.Where(a => a.Judged.Calls > 0).ToList();
        var wanted = judged.Where(a => a.Case.Call is not null).ToList();
        var hits = called.Where(a => a.Case.Call is not null).ToList();
        var calls = judged.Sum(a => a.Judged.Calls);
        return new VerificationReport
        {
            Model = profile.Model, BaseUrl = profile.BaseUrl, Requests = all.Count, Failed = all.Count - judged.Count,
            TriggerPrecision = Share(hits.Count, called.Count), TriggerRecall = Share(hits.Count, wanted.Count),
            ToolAccuracy = Share(hits.Count(a => a.Judged.Outcome != "wrongTool"), hits.Count),
            Calls = calls, SchemaAccuracy = Share(judged.Sum(a => a.Judged.Valid), calls),
            NotRight = [.. all.Where(a => a.Judged.Outcome != "right").Select(a => new CaseResult(a.Case.Id, a.Judged.Outcome, Brief(a.Judged.Detail)))],
        };
    }

    static double? Share(int part, int whole) => whole == 0 ? null : (double)part / whole;

    static string? Brief(string? text) => text is { Length: > DetailMax } ? text[..DetailMax] + "…" : text;

    /// <param name="Calls">Calls made.</param>
    /// <param name="Valid">Of those, with arguments that meet the schema.</param>
    sealed record Judgement(string Outcome, string? Detail, int Calls, int Valid);
}
