using Agents.Bench.Results;
using Agents.Pool.Routing;

namespace Agents.Bench.Scheduling;

/// <summary>What one arm made of one trace.</summary>
sealed record ScheduleResult(double HitRate, double FirstTokenP50, double FirstTokenP95, double InteractiveP95, double FirstTokenMax, double GpuSecondsPerRun, double MeanRunSeconds, double Makespan);

/// <summary>Plays a trace against simulated workers in simulated time; the same input gives the same result.</summary>
sealed class ScheduleSimulation
{
    readonly Trace _trace;
    readonly SimulatedWorker[] _workers;
    readonly Dispatcher _dispatcher;
    readonly PriorityQueue<Action, (double Time, long Order)> _events = new();
    readonly Dictionary<WaitingRequest, SimulatedRequest> _requests = [];
    readonly List<double> _firstTokens = [];
    readonly List<double> _interactive = [];
    readonly List<double> _runSeconds = [];
    long _order;
    long _promptTokens;
    long _foundTokens;
    double _now;
    bool _ticking;

    public ScheduleSimulation(Trace trace, Arm arm, int workers, int kvTokens, RoutingOptions options)
    {
        _trace = trace;
        _workers = [.. Enumerable.Range(0, workers).Select(_ => new SimulatedWorker(kvTokens))];
        _dispatcher = new Dispatcher(arm, workers, kvTokens, options);
    }

    public ScheduleResult Run()
    {
        foreach (var run in _trace.Runs)
        {
            At(run.StartsAt, () => Arrive(run, 0));
        }

        while (_events.TryDequeue(out var happen, out var when))
        {
            _now = when.Time;
            happen();
        }

        var first = new Sample(_firstTokens);
        return new ScheduleResult(
            (double)_foundTokens / _promptTokens, first.Median, first.Percentile(0.95), new Sample(_interactive).Percentile(0.95), first.Max,
            _workers.Sum(w => w.BusySeconds) / _trace.Runs.Count, _runSeconds.Average(), _now);
    }

    void At(double time, Action happen) => _events.Enqueue(happen, (time, ++_order));

    void Arrive(TraceRun run, int index)
    {
        var request = new SimulatedRequest(run, index, _now);
        _requests[_dispatcher.Came(Dispatcher.Request(run, index), Time(_now))] = request;
        Dispatch();
    }

    void Dispatch()
    {
        while (_dispatcher.Next(Load, Time(_now)) is var (waiting, worker, _))
        {
            _requests.Remove(waiting, out var request);
            request!.Waiting = waiting;
            _workers[worker].Take(request!);
            if (!_workers[worker].Busy)
            {
                Begin(worker);
            }
        }

        if (_dispatcher.Waiting > 0 && !_ticking)
        {
            _ticking = true;
            At(_now + 1, Tick);
        }
    }

    // Patience ends by the clock alone.
    void Tick()
    {
        _ticking = false;
        Dispatch();
    }

    void Begin(int worker)
    {
        if (_workers[worker].Begin(_now) is { } seconds)
        {
            At(_now + seconds, () => End(worker));
        }
    }

    void End(int worker)
    {
        var ended = _workers[worker].End(_now);
        Begin(worker);
        foreach (var request in ended)
        {
            Complete(request, worker);
        }

        if (ended.Count > 0)
        {
            Dispatch();
        }
    }

    void Complete(SimulatedRequest request, int worker)
    {
        var (run, call) = (request.Run, request.Call);
        _firstTokens.Add(request.FirstToken - request.Arrived);
        if (run.Interactive)
        {
            _interactive.Add(_firstTokens[^1]);
        }

        _promptTokens += call.PromptTokens;
        _foundTokens += request.Found!.Value;
        var isLast = request.Index == run.Calls.Count - 1;
        TimeSpan? hint = isLast ? null : TimeSpan.FromSeconds(call.PauseHint);
        _dispatcher.Ended(request.Waiting!, worker, request.Found.Value, request.Made, Time(_now), hint);
        if (isLast)
        {
            _runSeconds.Add(_now - run.StartsAt);
        }
        else
        {
            At(_now + call.PauseSeconds, () => Arrive(run, request.Index + 1));
        }
    }

    WorkerLoad Load(int worker)
    {
        var w = _workers[worker];
        return new WorkerLoad(w.Cache.Capacity, w.Cache.Capacity - w.Cache.InUse, w.Running, SimulatedWorker.RunningMax, w.Waiting, w.Owed);
    }

    static DateTimeOffset Time(double seconds) => DateTimeOffset.UnixEpoch.AddSeconds(seconds);
}
