using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Agents.Bench.Scheduling;

/// <summary>One model call of a traced run.</summary>
/// <param name="Generation">Grows where the prefix breaks: the conversation was shortened behind the shared head.</param>
/// <param name="PromptTokens">The whole prompt, shared head included.</param>
/// <param name="PauseSeconds">From its end to the next call: the tools.</param>
/// <param name="PauseHint">What the engine says of the pause when it begins: the usual time of such a tool.</param>
sealed record TraceCall(int Generation, int PromptTokens, int ReplyTokens, double PauseSeconds, double PauseHint);

/// <param name="HeadTokens">Tools and system message, shared by the runs of a tenant.</param>
sealed record TraceRun(string Id, string Tenant, bool Interactive, int HeadTokens, double StartsAt, IReadOnlyList<TraceCall> Calls);

/// <summary>How large a trace is. All runs draw from the same distributions.</summary>
/// <param name="Scale">Multiplies lengths: 1 is a conversation that ends beyond 100k tokens.</param>
sealed record TraceShape(int Runs, int Calls, int Tenants, double Scale, double PauseScale, double StartsWithin);

/// <summary>
/// Runs of an agent loop as a model pool sees them, drawn from a seed: the same seed is the same trace on every machine.
/// Prompts grow by reply and tool result; now and then the conversation is shortened and its prefix breaks; tools take
/// from half a second to minutes; few tenants have most runs.
/// </summary>
sealed record Trace(IReadOnlyList<TraceRun> Runs)
{
    const double BreaksEvery = 60;
    const double InteractiveShare = 0.25;

    public static Trace Make(int seed, TraceShape shape)
    {
        var chance = new Random(seed);
        var heads = Enumerable.Range(0, shape.Tenants).Select(_ => Tokens(chance.Next(2_000, 8_000), shape)).ToArray();
        var runs = new List<TraceRun>();
        for (var i = 0; i < shape.Runs; i++)
        {
            var tenant = (int)(shape.Tenants * Math.Pow(chance.NextDouble(), 2));
            var starts = chance.NextDouble() * shape.StartsWithin;
            var interactive = chance.NextDouble() < InteractiveShare;
            runs.Add(new TraceRun($"run{i}", $"tenant{tenant}", interactive, heads[tenant], starts, Calls(chance, shape, heads[tenant])));
        }

        return new Trace(runs);
    }

    /// <summary>Tokens that all runs hold on average while they go on.</summary>
    public double DemandTokens => Runs.Sum(r => r.Calls.Average(c => (double)c.PromptTokens + c.ReplyTokens));

    /// <summary>Names the trace: of the same digest, the same calls.</summary>
    public string Digest()
    {
        var text = new StringBuilder();
        foreach (var run in Runs)
        {
            text.Append(CultureInfo.InvariantCulture, $"{run.Id} {run.Tenant} {run.Interactive} {run.HeadTokens} {run.StartsAt:R}\n");
            foreach (var call in run.Calls)
            {
                text.Append(CultureInfo.InvariantCulture, $"{call.Generation} {call.PromptTokens} {call.ReplyTokens} {call.PauseSeconds:R} {call.PauseHint:R}\n");
            }
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..12];
    }

    static List<TraceCall> Calls(Random chance, TraceShape shape, int head)
    {
        var (generation, conversation) = (0, Tokens(LogNormal(chance, 800, 0.8), shape));
        var calls = new List<TraceCall>();
        for (var i = 0; i < shape.Calls; i++)
        {
            var reply = Tokens(LogNormal(chance, 110, 0.7), shape);
            var (pause, hint) = Pause(chance);
            calls.Add(new TraceCall(generation, head + conversation, reply, pause * shape.PauseScale, hint * shape.PauseScale));
            conversation += reply + Tokens(LogNormal(chance, 250, 1), shape);
            if (chance.NextDouble() < 1 / BreaksEvery)
            {
                generation++;
                conversation = Math.Max(1, (int)(conversation * (0.2 + (0.4 * chance.NextDouble()))));
            }
        }

        return calls;
    }

    static (double Seconds, double Hint) Pause(Random chance)
    {
        var (median, spread) = chance.NextDouble() switch
        {
            < 0.75 => (1.0, 0.6), // files and worklists
            < 0.97 => (6.0, 0.7), // the network
            _ => (60.0, 0.5), // a build, a person who is there
        };
        return (LogNormal(chance, median, spread), median);
    }

    static double LogNormal(Random chance, double median, double spread)
    {
        var normal = Math.Sqrt(-2 * Math.Log(1 - chance.NextDouble())) * Math.Cos(2 * Math.PI * chance.NextDouble());
        return median * Math.Exp(spread * normal);
    }

    static int Tokens(double tokens, TraceShape shape) => Math.Max(1, (int)(tokens * shape.Scale));
}
