using Agents.ModelServer.Training.Data;
using Agents.ModelServer.Training.Network;
using Agents.ModelServer.Training.Numerics;

namespace Agents.ModelServer.Training.Learning;

/// <summary>What a step gave.</summary>
/// <param name="Length">Of the gradient. <paramref name="Load"/>: of the busiest expert, in parts of an even load.</param>
internal sealed record StepReport(Progress Progress, Tally Tally, PlanPoint Point, double Length, double Load);

/// <summary>
/// Takes steps: a batch over all threads, gradients added up, one move of the weights. With one thread the same seed and
/// examples give the same weights.
/// </summary>
internal sealed unsafe class Trainer : IDisposable
{
    const float BalanceStep = 1e-2f;

    readonly Model _model;
    readonly Optimizer _optimizer;
    readonly Batches _batches;
    readonly IPlan _plan;
    readonly Tape[] _tapes;
    readonly Floats[] _gradients;
    readonly TimeProvider _clock;
    readonly BatchOptions _options;

    public Trainer(
        MatrixKernel kernel, Weights weights, OptimizerOptions rates, BatchOptions options, IExampleSource source, IPlan plan, int threads,
        TimeProvider clock, string? resume = null)
    {
        Weights = weights;
        _clock = clock;
        _options = options;
        _plan = plan;
        _model = new Model(kernel, weights, options.ExampleMax);
        _optimizer = new Optimizer(kernel, weights, rates);
        Progress = (resume is null ? null : Checkpoint.Load(resume, weights, _optimizer)) ?? new Progress(0, 0, 0, 0);
        _batches = new Batches(source, options, Progress.NextExample);
        _tapes = [.. Enumerable.Range(0, threads).Select(_ => new Tape(weights.Shape, options.ChunkTokens))];
        _gradients = [.. Enumerable.Range(0, threads).Select(_ => new Floats(weights.Count))];
    }

    public Weights Weights { get; }

    public Progress Progress { get; private set; }

    public void Save(string path) => Checkpoint.Save(path, Weights, _optimizer, Progress);

    /// <summary>Takes a step; null when the plan is done.</summary>
    public StepReport? Step()
    {
        var point = _plan.At(Progress.Step);
        if (point.Done)
        {
            return null;
        }

        var begun = _clock.GetTimestamp();
        var batch = _batches.Take();
        Weights.Take(point.Rounded, _tapes.Length);
        _model.Pack(_tapes.Length);
        var tally = Compute(batch);
        var length = _optimizer.Step(_gradients[0], point.Rate, Progress.Step, _tapes.Length);
        var load = Balance(point.Rate);
        Progress = new Progress(
            Progress.Step + 1, Progress.Tokens + tally.Tokens, batch.Next, Progress.Seconds + _clock.GetElapsedTime(begun).TotalSeconds);
        _batches.GiveBack(batch);
        return new StepReport(Progress, tally, point, length, load);
    }

    /// <summary>Chunks of the first examples of a source.</summary>
    public List<Chunk> Gather(IExampleSource source, int chunks)
    {
        using var batches = new Batches(source, _options with { Chunks = chunks }, 0);
        return batches.Take().Chunks;
    }

    /// <summary>How well the model, rounded as it will be stored, predicts; nothing is learned from it.</summary>
    public Tally Examine(List<Chunk> chunks)
    {
        Weights.Take(rounded: true, _tapes.Length);
        _model.Pack(_tapes.Length);
        return ForEach(chunks, (tape, _, chunk) => _model.Compute(tape, chunk, 1, null));
    }

    public void Dispose()
    {
        _batches.Dispose();
        _model.Dispose();
        _optimizer.Dispose();
        Array.ForEach(_tapes, t => t.Dispose());
        Array.ForEach(_gradients, g => g.Dispose());
    }

    /// <summary>The sum of the gradients is in the first.</summary>
    Tally Compute(Batch batch)
    {
        var scale = (float)(1 / Math.Max(1, batch.Weight));
        Array.ForEach(_gradients, g => g.Clear());
        var tally = ForEach(batch.Chunks, (tape, gradient, chunk) => _model.Compute(tape, chunk, scale, gradient.At));
        for (var worker = 1; worker < _gradients.Length; worker++)
        {
            Lanes.Add(_gradients[0].At, _gradients[worker].At, Weights.Count);
        }

        return tally;
    }

    /// <summary>Threads take chunks as they come free.</summary>
    Tally ForEach(List<Chunk> chunks, Action<Tape, Floats, Chunk> compute)
    {
        var next = -1;
        Parallel.For(0, _tapes.Length, new ParallelOptions { MaxDegreeOfParallelism = _tapes.Length }, worker =>
        {
            _tapes[worker].Forget();
            while (Interlocked.Increment(ref next) is var i && i < chunks.Count)
            {
                compute(_tapes[worker], _gradients[worker], chunks[i]);
            }
        });
        return _tapes.Aggregate(default(Tally), (sum, t) => sum + t.Sum);
    }

    double Balance(double rate)
    {
        var worst = 0.0;
        var layer = 0;
        foreach (var router in _model.Routers)
        {
            var taken = new long[Weights.Shape.Experts];
            foreach (var tape in _tapes)
            {
                for (var e = 0; e < taken.Length; e++)
                {
                    taken[e] += tape.Taken[layer][e];
                }
            }

            router.Balance(taken, (float)(BalanceStep * rate));
            worst = Math.Max(worst, taken.Max() * (double)taken.Length / Math.Max(1, taken.Sum()));
            layer++;
        }

        return worst;
    }
}
