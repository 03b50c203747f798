using Agents.Contracts.Pool;
using Agents.Pool.Routing;

namespace Agents.Pool.Workers;

/// <summary>Everything the pool knows of one worker. Used under the dispatcher's lock.</summary>
sealed class WorkerEntry(WorkerReport report, PoolOptions options, DateTimeOffset now)
{
    const int NewsMax = HeldPrefixes.EntriesMax;

    readonly HashSet<WorkInHand> _work = [];
    readonly HeldPrefixes _held = new();
    readonly List<HeldNote> _heldNews = [];
    readonly List<string> _releasedNews = [];
    IReadOnlyDictionary<string, HeldPrefix>? _heldView;
    int _workAtReport;

    public WorkerReport Report { get; private set; } = report;

    public DateTimeOffset HeardAt { get; private set; } = now;

    /// <summary>Reports so far.</summary>
    public long Reports { get; private set; }

    public Breaker Breaker { get; } = new(options.Breaker);

    public IReadOnlyCollection<WorkInHand> Work => _work;

    public WorkerTally Tally { get; } = new();

    /// <summary>Why the last attempt on it failed; null when the last one did not.</summary>
    public string? LastFailure { get; private set; }

    public string Name => Report.Worker;

    /// <summary>The lease: what was promised between two reports, a number of times.</summary>
    public TimeSpan Lease => TimeSpan.FromMilliseconds((double)Report.EveryMs * options.ReportsMissedMax);

    public bool IsGone(DateTimeOffset at) => at - HeardAt > Lease;

    public IReadOnlyDictionary<string, HeldPrefix> Held => _heldView ??= _held.View();

    public void Heard(WorkerReport said, DateTimeOffset at)
    {
        if (said.Incarnation != Report.Incarnation)
        {
            // A new process: what it held and why it failed are gone with the old one.
            _held.Clear();
            Breaker.Succeeded();
            LastFailure = null;
            _heldNews.Clear();
            _releasedNews.Clear();
        }

        (Report, HeardAt, _workAtReport) = (said, at, _work.Count);
        Reports++;
        _held.KvTokens = said.Figures.KvTokens ?? 0;
        foreach (var note in said.Held ?? [])
        {
            Learn(note, at);
        }

        _heldView = null;
    }

    public WorkInHand Begin(PoolRequest request, int heldTokens, DateTimeOffset at)
    {
        var work = new WorkInHand(request, heldTokens, Breaker.Began(at));
        _work.Add(work);
        _held.Sent(request, at);
        _heldView = null;
        return work;
    }

    /// <summary>False when it had ended before.</summary>
    public bool End(WorkInHand work, WorkEnd end, ReplyTokens tokens, string? failure, DateTimeOffset at)
    {
        if (!_work.Remove(work))
        {
            return false;
        }

        Tally.Add(work, end, tokens);
        Hold(work, end, tokens, at);
        switch (end)
        {
            case WorkEnd.Done:
                Breaker.Succeeded();
                LastFailure = null;
                break;
            case WorkEnd.Failed:
                Breaker.Failed(at, work.IsProbe);
                LastFailure = failure;
                break;
            default:
                Breaker.SaidNothing(work.IsProbe);
                break;
        }

        return true;
    }

    /// <summary>The run waits for a tool and is expected back then; null: nobody knows when.</summary>
    public void Waits(string prefix, DateTimeOffset? backAt)
    {
        _held.Waits(prefix, backAt);
        _heldView = null;
    }

    public void Release(string prefix)
    {
        if (!Held.ContainsKey(prefix))
        {
            return;
        }

        _held.Release(prefix);
        _heldView = null;
        _heldNews.RemoveAll(n => n.Name == prefix);
        _releasedNews.Add(prefix);
    }

    /// <summary>The answer to a report; its news are told once.</summary>
    public PoolAnswer Answer(string pool)
    {
        var answer = new PoolAnswer
        {
            Pool = pool, InWork = _work.Count, Held = _heldNews.Count > 0 ? [.. _heldNews] : null,
            Released = _releasedNews.Count > 0 ? [.. _releasedNews] : null,
        };
        _heldNews.Clear();
        _releasedNews.Clear();
        return answer;
    }

    public WorkerHealth Health(DateTimeOffset at) => (Report.State, IsGone(at)) switch
    {
        (_, true) or (ModelServerState.Starting or ModelServerState.Failed, _) => WorkerHealth.Down,
        (ModelServerState.Draining, _) => WorkerHealth.Draining,
        _ => Breaker.State(at) switch
        {
            BreakerState.Closed => WorkerHealth.Ready,
            BreakerState.HalfOpen => WorkerHealth.Probe,
            _ => WorkerHealth.Down,
        },
    };

    /// <summary>As routing sees it: the last report, and what changed since.</summary>
    public WorkerSlot Slot(DateTimeOffset at)
    {
        var figures = Report.Figures;
        var total = figures.KvTokens ?? 0;
        return new WorkerSlot
        {
            Worker = Name,
            Models = [.. Report.Models],
            Health = Health(at),
            KvTokens = total,
            KvTokensFree = Math.Max(0, total - Math.Max(figures.KvTokensUsed ?? 0, _work.Sum(w => w.Request.TokensNeeded))),
            ContextTokens = figures.ContextTokens ?? 0,
            Running = Math.Max(_work.Count, (figures.Running ?? 0) + Math.Max(0, _work.Count - _workAtReport)),
            RunningMax = figures.RunningMax ?? 0,
            Waiting = figures.Waiting ?? 0,
            TokensOwed = _work.Sum(w => w.TokensOwed),
            Held = Held,
        };
    }

    /// <summary>What a worker kept for a pool that started anew; what is known here stays.</summary>
    void Learn(HeldNote note, DateTimeOffset at)
    {
        if (!Held.ContainsKey(note.Name))
        {
            var request = new PoolRequest { Model = "", Prefixes = [note.Name], PromptTokens = note.Tokens, TokensMax = 0 };
            _held.Sent(request, at);
            _held.Ended(request, note.Tokens, null, at);
        }
    }

    /// <summary>The run's own beginning grew by the reply; one that did not end well leaves things as they were.</summary>
    void Hold(WorkInHand work, WorkEnd end, ReplyTokens tokens, DateTimeOffset at)
    {
        var request = work.Request;
        if (request.Prefixes is not [var own, ..])
        {
            return;
        }

        var length = end == WorkEnd.Done
            ? (tokens.Prompt ?? request.PromptTokens) + (tokens.Reply ?? 0)
            : Held.TryGetValue(own, out var before) ? before.Tokens : 0;
        _held.Ended(request, length, end == WorkEnd.Done ? tokens.Cached : null, at);
        _heldView = null;
        if (end == WorkEnd.Done)
        {
            _heldNews.RemoveAll(n => n.Name == own);
            _heldNews.Add(new HeldNote(own, length));
        }

        if (_heldNews.Count > NewsMax)
        {
            _heldNews.RemoveRange(0, _heldNews.Count - NewsMax);
        }
    }
}
