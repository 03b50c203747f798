namespace Agents.ModelServer.Generation;

/// <summary>What a generator has done, for whoever looks at it. Written by its thread, read by any.</summary>
public sealed class GeneratorFigures
{
    /// <summary>Upper bounds in seconds.</summary>
    public static readonly double[] Bounds = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];

    readonly Lock _gate = new();
    readonly Dictionary<string, long> _ended = new(StringComparer.Ordinal);

    public int Running { get; private set; }

    public int Waiting { get; private set; }

    /// <summary>Cells that hold something, in use or kept, and those of sequences in use.</summary>
    public int CellsHeld { get; private set; }

    public int CellsInUse { get; private set; }

    public int SequencesKept { get; private set; }

    public long PromptTokens { get; private set; }

    /// <summary>Tokens of prompts that were not computed again.</summary>
    public long CachedTokens { get; private set; }

    public long ReplyTokens { get; private set; }

    public long Preemptions { get; private set; }

    public long Refusals { get; private set; }

    public long Batches { get; private set; }

    public Spread TimeToFirstToken { get; } = new();

    public Spread TimeBetweenTokens { get; } = new();

    public Spread TimeInQueue { get; } = new();

    public Spread TimeToEnd { get; } = new();

    /// <summary>Requests by why they ended.</summary>
    public IReadOnlyDictionary<string, long> Ended()
    {
        lock (_gate)
        {
            return new Dictionary<string, long>(_ended);
        }
    }

    internal void Stand(int running, int waiting, PrefixTree tree)
    {
        (Running, Waiting, CellsHeld, SequencesKept) = (running, waiting, tree.Cells, tree.IdleSequences);
        CellsInUse = tree.CellsInUse();
    }

    internal void Admit(int prompt, int cached, double waited)
    {
        PromptTokens += prompt;
        CachedTokens += cached;
        TimeInQueue.Add(waited);
    }

    internal void Made() => ReplyTokens++;

    internal void Preempt() => Preemptions++;

    internal void Refuse()
    {
        lock (_gate)
        {
            Refusals++;
        }
    }

    internal void Batch() => Batches++;

    internal void End(string reason, double seconds)
    {
        TimeToEnd.Add(seconds);
        lock (_gate)
        {
            _ended[reason] = _ended.GetValueOrDefault(reason) + 1;
        }
    }

    /// <summary>Counts of times by <see cref="Bounds"/>.</summary>
    public sealed class Spread
    {
        readonly Lock _gate = new();
        readonly long[] _counts = new long[Bounds.Length];
        long _count;
        double _sum;

        internal void Add(double seconds)
        {
            lock (_gate)
            {
                _count++;
                _sum += seconds;
                var at = Array.FindIndex(Bounds, b => seconds <= b);
                if (at >= 0)
                {
                    _counts[at]++;
                }
            }
        }

        /// <summary>How many were at most each bound, how many there were, and their sum in seconds.</summary>
        public (long[] AtMost, long Count, double Sum) Read()
        {
            lock (_gate)
            {
                var atMost = new long[_counts.Length];
                for (var (i, total) = (0, 0L); i < atMost.Length; i++)
                {
                    atMost[i] = total += _counts[i];
                }

                return (atMost, _count, _sum);
            }
        }
    }
}
