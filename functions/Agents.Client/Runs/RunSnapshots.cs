using Agents.Client.Progress;
using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;

namespace Agents.Client.Runs;

/// <summary>A run's state right now, folded from its committed history.</summary>
sealed class RunSnapshots(IHistoryReader history)
{
    const int EventsPerPage = 500;

    public async Task<RunView> ViewAsync(InstanceView view, bool withHistory, CancellationToken cancel)
    {
        var (progress, unreadable) = withHistory ? await TryFoldAsync(view, cancel) : (RunProgress.Empty, null);
        var input = RunOutcome.ReadInput(view.Input);
        var settings = input?.ToolSettings.For(view.InstanceId, withHistory ? await history.MadeForAsync(view, cancel) : null);
        var output = view.Status == OrchestrationStatus.Completed ? RunOutcome.ReadOutput(view.Output) : null;
        var shown = new RunView
        {
            Run = view.InstanceId,
            Name = input?.Name ?? view.Tags?.GetValueOrDefault(OrchestrationRunClient.NameTag) ?? view.Name,
            Status = RunOutcome.StatusOf(view),
            Detail = Detail(view, output) ?? unreadable,
            StepsMax = input?.Limits.Steps,
            Steps = progress.Step,
            ToolCalls = progress.ToolCalls,
            Model = progress.Model ?? input?.Model.Name,
            Usage = progress.Usage,
            CostUsd = progress.CostUsd,
            CreatedAt = view.CreatedAt,
            UpdatedAt = view.UpdatedAt,
            EndedAt = view.CompletedAt,
            Pending = view.Status.IsTerminal() ? [] : progress.Pending,
            Slowest = progress.Slowest,
            Root = settings?.Root,
            Out = settings?.Out ?? settings?.Root,
            Tags = view.Tags,
            HistoryEvents = view.HistoryEvents,
        };
        return output is null ? shown with { StopReason = EndedBy(view.Status) } : With(shown, output);
    }

    static RunView With(RunView view, RunOutput output) => view with
    {
        StopReason = output.StopReason,
        Steps = output.Steps,
        ToolCalls = output.ToolCalls,
        Model = output.Model ?? view.Model,
        Usage = output.Usage,
        CostUsd = output.CostUsd,
        Answer = output.Answer,
        Structured = output.Structured,
    };

    static string? EndedBy(OrchestrationStatus status) => status switch
    {
        OrchestrationStatus.Failed => StopReasons.Failed,
        OrchestrationStatus.Terminated or OrchestrationStatus.Canceled => StopReasons.Cancelled,
        _ => null,
    };

    static string? Detail(InstanceView view, RunOutput? output) =>
        view.Parked ?? output?.Detail
        ?? (view.Failure is { } failure ? failure.Text : null)
        ?? (view.Status is OrchestrationStatus.Terminated ? view.Output : null);

    /// <summary>One run whose history is damaged must not hide the others, nor what its row still tells.</summary>
    async Task<(RunProgress Progress, string? Unreadable)> TryFoldAsync(InstanceView view, CancellationToken cancel)
    {
        try
        {
            return (await FoldAsync(view, cancel), null);
        }
        catch (InvalidDataException e)
        {
            return (RunProgress.Empty, e.Message);
        }
    }

    async Task<RunProgress> FoldAsync(InstanceView view, CancellationToken cancel)
    {
        var id = new InstanceId(view.InstanceId);
        var projection = new RunProjection();
        var progress = RunProgress.Empty;
        var open = new OpenCalls();
        var from = 0L;
        while (true)
        {
            var page = await history.ReadAsync(id, view.Generation, from, EventsPerPage, cancel);
            foreach (var (sequence, e) in page)
            {
                var item = new StreamItem.Event(new StreamOffset(view.Generation, sequence, 0, 0), e);
                progress = projection.Apply(item).Aggregate(progress, RunFold.Apply);
                open.See(sequence, e);
            }

            if (page.Count == 0)
            {
                return view.Status.IsTerminal() ? progress : progress with { Pending = await open.WithWaitsAsync(view, progress.Pending, history, cancel) };
            }

            from = page[^1].Sequence + 1;
        }
    }
}
