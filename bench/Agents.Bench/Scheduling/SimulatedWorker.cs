using Agents.Pool.Routing;

namespace Agents.Bench.Scheduling;

/// <summary>A call on its way through a simulated worker.</summary>
sealed class SimulatedRequest(TraceRun run, int index, double arrived)
{
    public TraceRun Run => run;

    public int Index => index;

    public TraceCall Call { get; } = run.Calls[index];

    public double Arrived => arrived;

    public string Head { get; } = "head " + run.Tenant;

    public string Own { get; } = $"{run.Id} {run.Calls[index].Generation}";

    public int HeadTokens => run.HeadTokens;

    /// <summary>How it stood in the queue; null before it was sent.</summary>
    public WaitingRequest? Waiting { get; set; }

    /// <summary>Tokens of the prompt that were held when it was first let in.</summary>
    public int? Found { get; set; }

    /// <summary>Tokens of the prompt that are not computed yet.</summary>
    public int Pending { get; set; }

    public int Made { get; set; }

    public double FirstToken { get; set; }
}

/// <summary>
/// One worker: a batch takes a token of every reply that speaks and up to <see cref="ChunkTokens"/> of prompts, and its
/// time is linear in them. The speeds are those of a large mixture of experts on eight GPUs, rounded; what matters for
/// the comparison is their ratio.
/// </summary>
sealed class SimulatedWorker(int kvTokens)
{
    public const int ChunkTokens = 8192;
    public const int RunningMax = 64;
    public const double SecondsPerStep = 0.02;
    public const double SecondsPerPromptToken = 1.0 / 16_000;
    public const double SecondsPerReply = 0.0004;
    public const double SecondsPerHeldToken = 1e-8;

    readonly LinkedList<SimulatedRequest> _waiting = new();
    readonly List<SimulatedRequest> _running = [];
    readonly Dictionary<SimulatedRequest, int> _takes = [];

    public SimulatedCache Cache { get; } = new(kvTokens);

    public int Running => _running.Count;

    public int Waiting => _waiting.Count;

    public bool Busy { get; private set; }

    public double BusySeconds { get; private set; }

    /// <summary>Prompt and reply tokens that are still to be computed.</summary>
    public int Owed => _running.Sum(r => r.Pending) + _waiting.Sum(w => w.Call.PromptTokens - Cache.Find(w));

    public void Take(SimulatedRequest request) => _waiting.AddLast(request);

    /// <summary>Begins a batch; returns how long it takes, null when there is nothing to do.</summary>
    public double? Begin(double now)
    {
        Admit(now);
        _takes.Clear();
        var (left, speaking) = (ChunkTokens, 0);
        foreach (var request in _running)
        {
            if (request.Pending == 0)
            {
                speaking++;
            }
            else if (left > 0)
            {
                left -= _takes[request] = Math.Min(left, request.Pending);
            }
        }

        Busy = speaking > 0 || _takes.Count > 0;
        if (!Busy)
        {
            return null;
        }

        var seconds = SecondsPerStep + ((ChunkTokens - left) * SecondsPerPromptToken) + (speaking * SecondsPerReply)
            + (_running.Where(r => r.Pending == 0).Sum(r => (double)r.Call.PromptTokens) * SecondsPerHeldToken);
        BusySeconds += seconds;
        return seconds;
    }

    /// <summary>Ends the batch; returns the requests that are complete.</summary>
    public List<SimulatedRequest> End(double now)
    {
        var ended = new List<SimulatedRequest>();
        foreach (var request in _running.ToList())
        {
            if (!_running.Contains(request))
            {
                continue; // it gave way to an older one
            }

            if (request.Pending > 0)
            {
                request.Pending -= _takes.GetValueOrDefault(request);
                if (request.Pending > 0)
                {
                    continue;
                }
            }

            while (!Cache.Extend(request, now) && GiveWay(request, now))
            {
            }

            request.Made++;
            request.FirstToken = request.FirstToken > 0 ? request.FirstToken : now;
            if (request.Made >= request.Call.ReplyTokens)
            {
                _running.Remove(request);
                Cache.Unpin(request, now);
                ended.Add(request);
            }
        }

        Busy = false;
        return ended;
    }

    void Admit(double now)
    {
        while (_waiting.First?.Value is { } next && _running.Count < RunningMax && Cache.Pin(next, now) is { } found)
        {
            _waiting.RemoveFirst();
            next.Found ??= found;
            next.Pending = next.Call.PromptTokens - found;
            _running.Add(next);
        }
    }

    /// <summary>The youngest other request goes back to the queue, what it has computed to the cache.</summary>
    bool GiveWay(SimulatedRequest request, double now)
    {
        var youngest = _running.FindLast(r => r != request);
        if (youngest is null)
        {
            return false;
        }

        _running.Remove(youngest);
        Cache.Unpin(youngest, now);
        _waiting.AddFirst(youngest);
        return true;
    }
}
