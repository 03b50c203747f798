using Agents.Contracts.Pool;
using Agents.Pool.Routing;
using Agents.Pool.Workers;

namespace Agents.Pool.Figures;

/// <summary>A pool as it stands: its workers, its models, and what waits.</summary>
public sealed record PoolView
{
    /// <summary>A new one for each start.</summary>
    public required string Pool { get; init; }

    public required IReadOnlyList<WorkerView> Workers { get; init; }

    public required IReadOnlyList<ModelLoad> Models { get; init; }

    internal static PoolView Of(
        string pool, IEnumerable<WorkerEntry> entries, IReadOnlyList<WaitingRequest> waiting, double drained, DateTimeOffset now)
    {
        var workers = entries.Select(e => WorkerView.Of(e, now)).OrderBy(w => w.Worker, StringComparer.Ordinal).ToList();
        var models = workers.SelectMany(w => w.Models).Concat(waiting.Select(w => w.Request.Model)).Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal).Select(m => ModelLoad.Of(m, workers, waiting, drained, now));
        return new PoolView { Pool = pool, Workers = workers, Models = [.. models] };
    }
}

/// <summary>A worker as shown.</summary>
public sealed record WorkerView
{
    public required string Worker { get; init; }

    public required string Address { get; init; }

    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>ready, probe, draining or down.</summary>
    public required string Health { get; init; }

    /// <summary>Why it is not ready, or what failed last; null while all is well.</summary>
    public string? Why { get; init; }

    public string? Server { get; init; }

    /// <summary>Milliseconds since its last report.</summary>
    public required long HeardMsAgo { get; init; }

    /// <summary>Reports this pool had of it.</summary>
    public required long Reports { get; init; }

    /// <summary>Requests of this pool it has in work.</summary>
    public required int InWork { get; init; }

    public required int Running { get; init; }

    public required int Waiting { get; init; }

    /// <summary>0 where its server does not say.</summary>
    public required int KvTokens { get; init; }

    public required int KvTokensFree { get; init; }

    /// <summary>Tokens one conversation may have; 0 where its server does not say.</summary>
    public required int ContextTokens { get; init; }

    /// <summary>Tokens of prompts and replies it has yet to compute, as far as is known.</summary>
    public required int TokensOwed { get; init; }

    public double? TokensPerSecond { get; init; }

    public double? PrefixHitRate { get; init; }

    /// <summary>Beginnings it is believed to hold.</summary>
    public required int PrefixesHeld { get; init; }

    public required WorkerTotals Totals { get; init; }

    internal static WorkerView Of(WorkerEntry entry, DateTimeOffset now)
    {
        var (slot, report) = (entry.Slot(now), entry.Report);
        return new WorkerView
        {
            Worker = entry.Name, Address = report.Address, Models = report.Models, Health = slot.Health.ToString().ToLowerInvariant(),
            Why = Reason(entry, now), Server = report.Server, HeardMsAgo = (long)(now - entry.HeardAt).TotalMilliseconds,
            Reports = entry.Reports, InWork = entry.Work.Count, Running = slot.Running, Waiting = slot.Waiting, KvTokens = slot.KvTokens,
            KvTokensFree = slot.KvTokensFree, ContextTokens = slot.ContextTokens, TokensOwed = slot.TokensOwed, TokensPerSecond = report.Figures.TokensPerSecond,
            PrefixHitRate = report.Figures.PrefixHitRate, PrefixesHeld = slot.Held.Count, Totals = WorkerTotals.Of(entry.Tally),
        };
    }

    static string? Reason(WorkerEntry entry, DateTimeOffset now) =>
        entry.IsGone(now) ? $"not heard of for {(now - entry.HeardAt).TotalSeconds:0.#} s"
        : entry.Report.State != ModelServerState.Ready ? entry.Report.Why ?? entry.Report.State.ToString().ToLowerInvariant()
        : entry.LastFailure;
}

/// <summary>What a worker did for this pool since the pool knows it.</summary>
public sealed record WorkerTotals(long Done, long Failed, long Busy, long Left, long PromptTokens, long CachedTokens, long ReplyTokens)
{
    internal static WorkerTotals Of(WorkerTally tally) => new(
        tally.Done, tally.Failed, tally.Busy, tally.Left, tally.PromptTokens, tally.CachedTokens, tally.ReplyTokens);
}

/// <summary>How much is asked of a model and how much there is to serve it: what a scaler scales by.</summary>
public sealed record ModelLoad
{
    public required string Model { get; init; }

    public required int WorkersReady { get; init; }

    public required int Running { get; init; }

    /// <summary>Requests that wait in this pool.</summary>
    public required int Waiting { get; init; }

    /// <summary>Tokens that those need, prompts and expected replies.</summary>
    public required long QueueTokens { get; init; }

    /// <summary>Of those, tokens of interactive requests.</summary>
    public required long QueueTokensInteractive { get; init; }

    /// <summary>Longest wait so far of one that waits.</summary>
    public required double LongestWaitSeconds { get; init; }

    /// <summary>Tokens its workers have yet to compute.</summary>
    public required long TokensOwed { get; init; }

    public required long KvTokens { get; init; }

    public required long KvTokensFree { get; init; }

    /// <summary>What its workers make together, where they say.</summary>
    public double? TokensPerSecond { get; init; }

    /// <summary>Share of prompt tokens that its workers did not compute again; null before the first reply.</summary>
    public double? PrefixHitRate { get; init; }

    /// <summary>How long the queue takes at the speed of late; null where nothing waits or nothing is known.</summary>
    public double? QueueSeconds { get; init; }

    internal static ModelLoad Of(
        string model, IReadOnlyList<WorkerView> workers, IReadOnlyList<WaitingRequest> waiting, double drained, DateTimeOffset now)
    {
        var serving = workers.Where(w => w.Models.Contains(model)).ToList();
        var mine = waiting.Where(w => w.Request.Model == model).ToList();
        var tokens = mine.Sum(w => (long)w.Request.TokensNeeded);
        return new ModelLoad
        {
            Model = model,
            WorkersReady = serving.Count(w => w.Health == "ready"),
            Running = serving.Sum(w => w.Running),
            Waiting = mine.Count,
            QueueTokens = tokens,
            QueueTokensInteractive = mine.Where(w => w.Request.Class == RequestClass.Interactive).Sum(w => (long)w.Request.TokensNeeded),
            LongestWaitSeconds = mine.Count == 0 ? 0 : mine.Max(w => (now - w.Since).TotalSeconds),
            TokensOwed = serving.Sum(w => (long)w.TokensOwed),
            KvTokens = serving.Sum(w => (long)w.KvTokens),
            KvTokensFree = serving.Sum(w => (long)w.KvTokensFree),
            TokensPerSecond = serving.Exists(w => w.TokensPerSecond is not null) ? serving.Sum(w => w.TokensPerSecond ?? 0) : null,
            PrefixHitRate = serving.Sum(w => w.Totals.PromptTokens) is > 0 and var prompts ? serving.Sum(w => w.Totals.CachedTokens) / (double)prompts : null,
            QueueSeconds = mine.Count > 0 && drained > 0 ? tokens / drained : null,
        };
    }
}
