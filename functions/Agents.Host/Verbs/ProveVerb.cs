using Agents.Client.Jobs;
using Agents.Client.Runs;
using Agents.Host.Proof;
using Agents.Host.Terminal;
using Spectre.Console;

namespace Agents.Host.Verbs;

/// <summary>agents prove: the job unharmed, then again with its process killed, and what the world saw of both.</summary>
sealed record ProveVerb
{
    public required string Job { get; init; }
    public required int Kills { get; init; }
    public int? Seed { get; init; }

    /// <summary>--root, --model and the like, handed to both runs.</summary>
    public required IReadOnlyList<string> Passed { get; init; }
    public bool Keep { get; init; }

    public async Task<int> RunAsync(VerbContext context)
    {
        var seed = Seed ?? (int)(context.Clock.GetUtcNow().ToUnixTimeMilliseconds() % 1_000_000);
        if (!File.Exists(Job))
        {
            throw new RunFaultException(Faults.JobPath, "there is no such job file", Job, "examples/reference-audit.json is one that works");
        }

        var draft = JobDraft.Parse(await File.ReadAllTextAsync(Job, context.Stop));
        var key = $"prove-{seed}";
        var run = draft.Id ?? RunIds.FromKey(draft.Tenant, key);
        var folder = Directory.CreateTempSubdirectory("agents-prove-").FullName;
        try
        {
            var report = await ProveAsync(context, folder, key, run, seed);
            if (context.Json)
            {
                context.PrintJson(report, HostJson.Plain.ProofReport);
            }
            else
            {
                Print(report);
            }

            return report switch
            {
                { Holds: true } => ExitCodes.Ok,
                { Effects: { InDoubt: > 0, Doubled: 0, Lost: 0 } } => ExitCodes.NeedsPerson,
                _ => ExitCodes.Failed,
            };
        }
        finally
        {
            if (!Keep)
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    async Task<ProofReport> ProveAsync(VerbContext context, string folder, string key, string run, int seed)
    {
        var began = context.Clock.GetTimestamp();
        IReadOnlyList<string> arguments = ["--job", Path.GetFullPath(Job), .. Passed];
        var calm = new ProofRun(Path.Combine(folder, "a"), arguments, key, run, context.Log);
        context.Note("running the job unharmed");
        await calm.RunAsync([], _ => { }, context.Stop);
        var (expected, expectedEffects, events) = await calm.LookAsync(context.Stop);

        var killed = new ProofRun(Path.Combine(folder, "b"), arguments, key, run, context.Log);
        context.Note($"again, killing its process {Kills} times (seed {seed})");
        await killed.RunAsync(
            KillPlan.Draw(Kills, seed, events), n => context.Note($"  killed {n} of {Kills}"), context.Stop);
        var (seen, seenEffects, _) = await killed.LookAsync(context.Stop);

        var effects = EffectComparison.Count((calm.EffectsSeen, expectedEffects), (killed.EffectsSeen, seenEffects));
        var differing = EffectComparison.Differences(calm.Out, killed.Out, out var files);
        return new ProofReport
        {
            Holds = effects is { Doubled: 0, Lost: 0, InDoubt: 0 } && effects.Seen == effects.Expected
                && differing.Count == 0 && seen.Status == expected.Status && killed.Kills == Kills,
            Seed = seed,
            Kills = killed.Kills,
            KillsDuringRecovery = killed.KillsDuringRecovery,
            Effects = effects,
            RecoveryMs = Times(killed.Recoveries),
            OutputFiles = files,
            Differing = differing,
            StatusUnharmed = expected.Status,
            StatusKilled = seen.Status,
            ToolCalls = seen.ToolCalls,
            ElapsedMs = (long)context.Clock.GetElapsedTime(began).TotalMilliseconds,
            KeptIn = Keep ? folder : null,
        };
    }

    static RecoveryTimes Times(IReadOnlyList<double> recoveries)
    {
        var sorted = recoveries.Order().ToList();
        return sorted.Count == 0
            ? new RecoveryTimes(0, 0, 0)
            : new RecoveryTimes(Math.Round(sorted[sorted.Count / 2], 1), Math.Round(sorted[^1], 1), sorted.Count);
    }

    static void Print(ProofReport report)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumn("").AddColumn(new TableColumn("").RightAligned()).HideHeaders();
        void Row(string label, string value, bool bad = false) =>
            table.AddRow(label, bad ? $"[red]{Markup.Escape(value)}[/]" : Markup.Escape(value));
        var e = report.Effects;
        Row("kills (SIGKILL)", $"{report.Kills}, {report.KillsDuringRecovery} of them during recovery");
        Row("effects expected", Figures.Count(e.Expected));
        Row("effects seen", Figures.Count(e.Seen), e.Seen != e.Expected);
        Row("effects doubled", Figures.Count(e.Doubled), e.Doubled > 0);
        Row("effects lost", Figures.Count(e.Lost), e.Lost > 0);
        Row("effects in doubt", Figures.Count(e.InDoubt), e.InDoubt > 0);
        Row("output files the same", $"{report.OutputFiles - report.Differing.Count(d => !d.Contains("only there", StringComparison.Ordinal))} of {report.OutputFiles}", report.Differing.Count > 0);
        Row("recovery, spawn to next step", FormattableString.Invariant($"p50 {report.RecoveryMs.P50:0} ms, max {report.RecoveryMs.Max:0} ms"));
        Row("status", $"{report.StatusUnharmed} unharmed, {report.StatusKilled} killed", report.StatusKilled != report.StatusUnharmed);
        Row("seed", $"{report.Seed}");
        AnsiConsole.Write(table);
        foreach (var difference in report.Differing)
        {
            AnsiConsole.MarkupLine($"[red]{Markup.Escape(difference)}[/]");
        }

        AnsiConsole.MarkupLine(report.Holds
            ? "[green]holds[/]: every effect once, outputs byte for byte the same"
            : "[red]AG6047: does not hold[/], see above");
    }
}
