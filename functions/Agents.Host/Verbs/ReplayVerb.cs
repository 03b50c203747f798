using Agents.Client.Runs;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Host.Terminal;
using Agents.Loop;
using Agents.Replay;
using Agents.Worker.Transcripts;
using Spectre.Console;

namespace Agents.Host.Verbs;

/// <summary>Outcome of `agents replay`.</summary>
sealed record ReplayAnswer(
    string Run, int Generation, bool Equal, int Turns, int Events, int Actions, int Prompts, string? Divergence);

/// <summary>agents replay: runs the orchestrator again on its stored history, offline, and recomputes prompt digests.</summary>
sealed record ReplayVerb(string? Run, int? Generation)
{
    const int EventsPerPage = 1000;

    public async Task<int> RunAsync(VerbContext context)
    {
        await using var door = await context.OpenAsync();
        var view = await RunNames.FindAsync(door, Run, context.Stop);
        var (history, execution, generation) = await ReadAsync(door.Archive, view.Run, context.Stop);
        var answer = Check(view.Run, generation, execution, history);
        if (context.Json)
        {
            context.PrintJson(answer, HostJson.Plain.ReplayAnswer);
        }
        else if (answer.Equal)
        {
            AnsiConsole.MarkupLine(
                $"[green]equal[/]: {answer.Events} events, {answer.Turns} turns, {answer.Actions} actions, {answer.Prompts} prompts");
        }
        else
        {
            throw new RunFaultException(
                Faults.ReplayDiverged, answer.Divergence!, view.Run,
                "this build's loop is not the one that made this history: keep the old one for running instances, or version it");
        }

        return answer.Equal ? ExitCodes.Ok : ExitCodes.Failed;
    }

    async Task<(List<SequencedEvent> History, Contracts.Client.ExecutionView Execution, int Generation)> ReadAsync(
        IRunArchive archive, string run, CancellationToken cancel)
    {
        var history = new List<SequencedEvent>();
        long? from = 0;
        HistoryPage? page = null;
        while (from is { } at)
        {
            page = await archive.ReadHistoryAsync(run, new HistoryFrom(Generation, at, EventsPerPage), cancel);
            if (page?.Execution is null)
            {
                throw page is null
                    ? new RunFaultException(Faults.RunNotFound, "the run was removed meanwhile", run)
                    : LookVerbs.NoGeneration(run, Generation, page.Generations);
            }

            history.AddRange(page.Events.Select(e => new SequencedEvent(e.Sequence, e.Event)));
            from = page.Next;
        }

        return (history, page!.Execution!, page.Generation);
    }

    static ReplayAnswer Check(
        string run, int generation, Contracts.Client.ExecutionView execution, IReadOnlyList<SequencedEvent> history)
    {
        var host = new OrchestratorHost([AgentRun.Registration]);
        var identity = new OrchestratorIdentity(
            new InstanceId(run), new ExecutionId(execution.ExecutionId), generation, execution.Seeds);
        var report = HistoryReplay.Check(host, identity, history);
        // Redacted reasoning is not in what we read, so digests over it cannot be recomputed here.
        var redacted = history.Select(e => e.Event).OfType<ExecutionStarted>()
            .Any(e => RunOutcome.ReadInput(e.Input)?.Reasoning == Contracts.Runs.ReasoningPolicy.Redact);
        var prompts = 0;
        var mismatches = redacted ? [] : PromptDigests.Verify(history, out prompts);
        var divergence = report.Divergence?.ToString()
            ?? (mismatches.Count == 0 ? null : Text(mismatches[0]));
        return new ReplayAnswer(
            run, generation, divergence is null, report.Turns, report.Events, report.Actions, prompts, divergence);
    }

    static string Text(DigestMismatch m) =>
        $"event {m.Sequence} (reply of step {m.Step}): its prompt digest is {m.Stored ?? "missing"}, the history gives {m.Computed}";
}
