using System.Security.Cryptography;
using Agents.Contracts.Pool;
using Agents.GpuWorker.Probing;

namespace Agents.GpuWorker;

/// <summary>
/// Keeps one model server: starts it where that is its part, looks at it, reports it to the pool again and again, and when
/// told to stop drains it: nothing new comes, what runs ends, then it leaves.
/// </summary>
public sealed class ModelWorker
{
    readonly ModelWorkerOptions _options;
    readonly IModelServerKeep _keep;
    readonly ServerProbe _probe;
    readonly IWorkerDesk _desk;
    readonly TimeProvider _clock;
    readonly string _incarnation = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
    readonly HeldBook _held = new();
    string? _pool;
    bool _wasReady;
    int _missed;
    string? _stateSaid;
    string? _poolSaid;

    public ModelWorker(ModelWorkerOptions options, IModelServerKeep keep, ServerProbe probe, IWorkerDesk desk, TimeProvider clock) =>
        (_options, _keep, _probe, _desk, _clock) = (options.Checked(), keep, probe, desk, clock);

    /// <summary>The last report; null before the first.</summary>
    public WorkerReport? Last { get; private set; }

    /// <summary>Works until told to stop, then drains and leaves. <paramref name="now"/> ends the draining too.</summary>
    public async Task RunAsync(CancellationToken stop, CancellationToken now)
    {
        await _keep.StartAsync(stop);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await ReportAsync(draining: false, stop);
                await Task.Delay(_options.Every, _clock, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
        }

        await DrainAsync(now);
    }

    /// <summary>One look and one report; null where the pool did not answer. Throws <see cref="GpuWorkerException"/> where it refuses.</summary>
    public async Task<PoolAnswer?> ReportAsync(bool draining, CancellationToken cancel)
    {
        var report = Report(await _probe.LookAsync(cancel), draining);
        Last = report;
        Say(ref _stateSaid, report.State == ModelServerState.Ready ? $"ready, serves {string.Join(", ", report.Models)}" : $"{report.State.ToString().ToLowerInvariant()}{(report.Why is { } why ? $": {why}" : "")}");
        try
        {
            var answer = await _desk.ReportAsync(report, cancel);
            if (answer.Pool != _pool)
            {
                _pool = answer.Pool;
                _held.Take(answer);
                if (_held.All is { } held)
                {
                    answer = await _desk.ReportAsync(report with { Held = held }, cancel); // a pool that knows nothing of it yet
                }
            }

            _held.Take(answer);
            Say(ref _poolSaid, $"reports to pool {_pool}");
            return answer;
        }
        catch (GpuWorkerException e) when (_pool is not null)
        {
            Say(ref _poolSaid, e.Message); // it took reports before: what runs is not ended for this
            return null;
        }
        catch (HttpRequestException e)
        {
            Say(ref _poolSaid, $"the pool cannot be reached, tried again every {_options.Every.TotalSeconds:0.#} s: {e.Message}");
            return null;
        }
    }

    WorkerReport Report(ProbeAnswer look, bool draining)
    {
        var trouble = _keep.Trouble;
        _missed = look.IsReady && trouble is null ? 0 : _missed + 1;
        var state = draining ? ModelServerState.Draining : State(trouble);
        if (state == ModelServerState.Failed)
        {
            _held.Clear(); // whatever it held is gone with it
        }

        var figures = look.Figures;
        return new WorkerReport
        {
            Worker = _options.Name, Incarnation = _incarnation, Address = _options.Address ?? _keep.BaseUrl, Models = look.Models,
            State = state, Why = state == ModelServerState.Ready ? null : Brief(trouble ?? look.Why ?? (draining ? "ends what it has" : null)),
            Server = _options.Server ?? look.Server, EveryMs = (int)_options.Every.TotalMilliseconds,
            Figures = figures with
            {
                KvTokens = _options.Bounds.KvTokens ?? figures.KvTokens, ContextTokens = _options.Bounds.ContextTokens ?? figures.ContextTokens,
                RunningMax = _options.Bounds.RunningMax ?? figures.RunningMax,
            },
        };
    }

    ModelServerState State(string? trouble)
    {
        if (_missed == 0)
        {
            _wasReady = true;
            return ModelServerState.Ready;
        }

        // One look that fails says little of a server that computes; a process that ended says all.
        if (trouble is null && _wasReady && _missed < _options.LooksMissedMax)
        {
            return ModelServerState.Ready;
        }

        return trouble is null && !_wasReady ? ModelServerState.Starting : ModelServerState.Failed;
    }

    async Task DrainAsync(CancellationToken now)
    {
        var began = _clock.GetTimestamp();
        try
        {
            while (_clock.GetElapsedTime(began) < _options.DrainWithin)
            {
                var answer = await ReportAsync(draining: true, now);
                var running = Last!.Figures.Running;
                if (answer is { InWork: 0 } || (answer is null && running == 0))
                {
                    break;
                }

                await Task.Delay(Shorter(_options.Every), _clock, now);
            }

            await _desk.LeaveAsync(_options.Name, _incarnation, now);
        }
        catch (Exception e) when (e is OperationCanceledException or HttpRequestException or GpuWorkerException)
        {
            // The lease ends by itself.
        }
    }

    static TimeSpan Shorter(TimeSpan every) => TimeSpan.FromTicks(Math.Min(every.Ticks, TimeSpan.TicksPerSecond / 4));

    void Say(ref string? last, string text)
    {
        if (text != last)
        {
            last = text;
            _options.Said(text);
        }
    }

    static string? Brief(string? text) => text is { Length: > 900 } ? text[..900] + "…" : text;
}
