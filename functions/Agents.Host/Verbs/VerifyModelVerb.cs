using System.Globalization;
using Agents.Client.Runs;
using Agents.Contracts.Runs;
using Agents.Host.Composition;
using Agents.Host.Terminal;
using Agents.Host.Verification;
using Agents.Inference.Streaming;

namespace Agents.Host.Verbs;

/// <summary>agents doctor --verify-model: how well a served model calls tools, on a fixed set of requests.</summary>
sealed record VerifyModelVerb(string Model, string? BaseUrl, string? ApiKeyEnv, int Rounds)
{
    const int AtOnce = 4;

    public async Task<int> RunAsync(VerbContext context)
    {
        var profile = Profile(ModelShelf.Open(context.DataDirectory, context.Clock));
        using var transport = new ModelTransport(new Dictionary<string, string>
        {
            [Workbench.ScriptedHost] = Sockets.OfModel(context.DataDirectory), [LocalModels.PoolHost] = Sockets.OfPool(context.DataDirectory),
        });
        var report = await new ModelVerifier(profile, transport.For, context.Clock).RunAsync(Rounds, AtOnce, context.Stop);
        if (context.Json)
        {
            context.PrintJson(report, HostJson.Plain.VerificationReport);
        }
        else
        {
            Print(context.Out, report);
        }

        return report.Failed == 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }

    ModelProfile Profile(ModelShelf shelf)
    {
        if (BaseUrl is { } address)
        {
            return shelf.AtAddress(Model, address, ApiKeyEnv);
        }

        return shelf.Find(Model, out var near) ?? throw new RunFaultException(
            Faults.UnknownModel, $"there is no model '{Model}'", "--verify-model",
            near.Count > 0 ? $"did you mean {string.Join(" or ", near)}?" : "agents doctor lists them; another server: --base-url URL");
    }

    static void Print(TextWriter to, VerificationReport report)
    {
        to.WriteLine($"model      {report.Model} at {report.BaseUrl}");
        to.WriteLine($"requests   {report.Requests}, {report.Failed} without an answer");
        to.WriteLine($"trigger    precision {Percent(report.TriggerPrecision)}, recall {Percent(report.TriggerRecall)}, F1 {Percent(report.TriggerF1)}");
        to.WriteLine($"tool       {Percent(report.ToolAccuracy)} of the calls that were called for name the right one");
        to.WriteLine($"schema     {Percent(report.SchemaAccuracy)} of {report.Calls} calls have arguments that the tool takes");
        foreach (var one in report.NotRight)
        {
            to.WriteLine($"  {one.Outcome,-13}{one.Case}{(one.Detail is null ? "" : ": " + one.Detail)}");
        }
    }

    static string Percent(double? share) => share is { } s ? string.Create(CultureInfo.InvariantCulture, $"{100 * s:0.#} %") : "-";
}
