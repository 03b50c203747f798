using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Agents.ModelServer.Training.Learning;
using Agents.ModelServer.Training.Network;
using Agents.ModelServer.Training.Numerics;

namespace Agents.ModelServer.Training;

/// <summary>A training at the command line: says how it goes, saves now and then, stops whole when it is told to.</summary>
internal sealed class Session(string folder, TrainingTask task, IPlan plan, OptimizerOptions rates, int threads, ulong seed, TextWriter output)
{
    public const string CheckpointName = "checkpoint";
    public const string ModelName = "model.gguf";

    const int TestChunks = 20;

    static readonly TimeSpan s_sayEvery = TimeSpan.FromSeconds(10);
    static readonly TimeSpan s_saveEvery = TimeSpan.FromMinutes(3);

    volatile bool _stop;

    public void Run()
    {
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        var checkpoint = Path.Combine(folder, CheckpointName);
        using var weights = new Weights(task.Shape);
        weights.Begin(seed);
        using var trainer = new Trainer(
            MatrixKernel.Best, weights, rates, task.Batches, task.Lessons, plan, threads, TimeProvider.System, checkpoint);
        var test = trainer.Gather(task.Test, TestChunks);
        Say($"{weights.All.Sum(p => (long)p.Tensor.Count):N0} weights, {MatrixKernel.Best.GetType().Name}, from step {trainer.Progress.Step}");
        var sum = default(Tally);
        var said = Stopwatch.StartNew();
        var saved = Stopwatch.StartNew();
        while (!_stop && trainer.Step() is { } report)
        {
            sum += report.Tally;
            if (said.Elapsed >= s_sayEvery)
            {
                Say(Line(report, sum, said.Elapsed));
                sum = default;
                said.Restart();
            }

            if (saved.Elapsed >= s_saveEvery)
            {
                Save(trainer, checkpoint);
                SayTest(trainer.Examine(test));
                saved.Restart();
            }
        }

        Save(trainer, checkpoint);
        SayTest(trainer.Examine(test));
        var spent = Process.GetCurrentProcess().TotalProcessorTime;
        Say($"{trainer.Progress.Tokens / spent.TotalSeconds:F0} tokens for each second of a processor");
        Say($"{(_stop ? "stopped" : "done")} at step {trainer.Progress.Step}, {trainer.Progress.Tokens} tokens");
    }

    void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        _stop = true;
    }

    void Save(Trainer trainer, string checkpoint)
    {
        trainer.Save(checkpoint);
        var model = Path.Combine(folder, ModelName);
        task.Export(trainer.Weights, model + ".new");
        File.Move(model + ".new", model, overwrite: true);
    }

    void SayTest(Tally t) => Say(string.Create(
        CultureInfo.InvariantCulture,
        $"test, rounded: loss {t.Loss / t.Weight:F4} right {100.0 * t.Right / t.Counted:F3}% replies {100.0 * t.Exact / t.Replies:F2}% of {t.Replies}"));

    void Say(string line)
    {
        output.WriteLine(line);
        output.Flush();
    }

    static string Line(StepReport r, Tally sum, TimeSpan over) => string.Create(
        CultureInfo.InvariantCulture,
        $"step {r.Progress.Step} tokens {r.Progress.Tokens / 1e6:F2}M {sum.Tokens / over.TotalSeconds:F0}/s loss {sum.Loss / sum.Weight:F4} "
        + $"right {100.0 * sum.Right / sum.Counted:F3}% replies {100.0 * sum.Exact / sum.Replies:F2}% of {sum.Replies} "
        + $"rate {r.Point.Rate:F3}{(r.Point.Rounded ? " int4" : "")} length {r.Length:F2} load {r.Load:F2}");
}
