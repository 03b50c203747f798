using Agents.ModelServer.Generation;
using Agents.ModelServer.Gguf;
using Agents.ModelServer.Native;
using Agents.ModelServer.Training;
using Agents.ModelServer.Training.Data;
using Agents.ModelServer.Training.Learning;
using Agents.ModelServer.Training.Network;
using Agents.ModelServer.Training.Numerics;
using Xunit;

namespace Agents.Tests.ModelServer.Training;

/// <summary>A small model learns a small task, stops and goes on, and computes in llama.cpp what it computed here.</summary>
public sealed class LearningTests : IDisposable
{
    static readonly ModelShape s_shape = new()
    {
        Width = 64, Layers = 2, Heads = 2, QueryRank = 32, KeyValueRank = 32, Experts = 4, ExpertsUsed = 2, ExpertWidth = 32, DenseWidth = 64,
        VocabularySize = CopySource.VocabularySize,
    };

    static readonly BatchOptions s_batches = new() { ChunkTokens = 512, Chunks = 2, ExampleMax = 256 };

    readonly string _folder = Directory.CreateTempSubdirectory("training-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_short_training_learns_what_paths_look_like()
    {
        using var weights = new Weights(s_shape);
        weights.Begin(1);
        using var trainer = Trainer(weights, new StepPlan(60, 5));
        var reports = Run(trainer, long.MaxValue);
        Assert.Equal(60, reports.Count);
        Assert.True(reports[^1].Point.Rounded);

        // Evenly spread over the letters that paths are made of it would be ln 40 = 3.7; it begins at ln 320 = 5.8.
        Assert.InRange(Loss(reports[..3]), 5, 6.5);
        Assert.InRange(Loss(reports[^5..]), 0.5, 3.4);
        Assert.All(reports, r => Assert.True(double.IsFinite(r.Length)));
    }

    [Fact]
    public void A_training_taken_up_again_ends_where_it_would_have_ended()
    {
        using var whole = new Weights(s_shape);
        whole.Begin(2);
        using (var trainer = Trainer(whole, new StepPlan(8, 2)))
        {
            Run(trainer, long.MaxValue);
        }

        var path = Path.Combine(_folder, "checkpoint");
        using var first = new Weights(s_shape);
        first.Begin(2);
        using (var trainer = Trainer(first, new StepPlan(8, 2)))
        {
            Run(trainer, 5);
            trainer.Save(path);
        }

        using var second = new Weights(s_shape);
        using (var trainer = Trainer(second, new StepPlan(8, 2), path))
        {
            Assert.Equal(5, trainer.Progress.Step);
            Run(trainer, long.MaxValue);
        }

        Assert.True(whole.Learned.Span.SequenceEqual(second.Learned.Span));
        using var other = new Weights(s_shape with { Width = 96 });
        Assert.Throws<InvalidDataException>(() => Checkpoint.Load(path, other, null));
    }

    [Fact]
    public void The_exported_model_computes_in_the_library_what_it_was_trained_to()
    {
        using var weights = new Weights(s_shape);
        weights.Begin(3);
        using (var trainer = Trainer(weights, new StepPlan(12, 2)))
        {
            Run(trainer, long.MaxValue);
        }

        var path = Path.Combine(_folder, "model.gguf");
        var file = new GgufWriter();
        ModelHeader.Write(file, s_shape, "test");
        CopySource.Describe(file);
        weights.AddTo(file);
        file.Save(path);

        var tokens = new int[200];
        var counts = new float[200];
        var length = new CopySource(9, 3, 2).Next(4, tokens, counts);
        var chunk = new Chunk(256);
        Assert.True(chunk.TryAdd(tokens.AsSpan(0, length), counts.AsSpan(0, length), [.. Enumerable.Range(0, length)]));
        using var model = new Model(new FloatKernel(), weights, 512);
        using var tape = new Tape(s_shape, 256);
        weights.Take(rounded: true, threads: 1);
        model.Pack(1);
        var here = model.LastLogits(tape, chunk);

        using var native = NativeModel.Load(ModelLibrary.Load(), path);
        using var context = new NativeContext(native, new NativeContextOptions { Cells = 512, Sequences = 1, BatchMax = 256, Threads = 1 });
        Assert.Equal(DecodeOutcome.Done, context.Decode([.. Enumerable.Range(0, length - 1).Select(i => new BatchEntry(tokens[i], i, 0, i == length - 2))]));
        var there = context.Logits(length - 2).ToArray();
        Assert.InRange(Parity.Cosine(here, there), 0.999, 1.0001);
        Assert.Equal(Array.IndexOf(here, here.Max()), Array.IndexOf(there, there.Max()));
    }

    static Trainer Trainer(Weights weights, IPlan plan, string? resume = null) => new(
        MatrixKernel.Best, weights, new OptimizerOptions(), s_batches, new CopySource(5, 2, 3), plan, threads: 1, TimeProvider.System, resume);

    static List<StepReport> Run(Trainer trainer, long until)
    {
        var reports = new List<StepReport>();
        while (trainer.Progress.Step < until && trainer.Step() is { } report)
        {
            reports.Add(report);
        }

        return reports;
    }

    static double Loss(List<StepReport> reports) => reports.Sum(r => r.Tally.Loss) / reports.Sum(r => r.Tally.Weight);
}
