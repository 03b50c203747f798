using System.Globalization;
using Agents.ModelServer.Training.Learning;
using Agents.ModelServer.Training.Network;

namespace Agents.ModelServer.Training;

/// <summary>The command line: train, export.</summary>
static class Commands
{
    const string Usage = """
        train   --folder DIR [--minutes 60] [--decay-minutes 20] [--rounded-minutes 30] [--threads 2] [--seed 1] [--task jobs|copy]
                [--chunk-tokens 1280] [--chunks 4] [--warm-steps 40] [--matrix-rate R] [--other-rate R]
                goes on from DIR/checkpoint where there is one; writes DIR/model.gguf every few minutes and at the end
        export  --folder DIR --to FILE [--task jobs|copy]
                writes the model of DIR/checkpoint, and says how near llama.cpp comes to what was trained
        faults  --folder DIR [--examples 100] [--task jobs|copy]
                shows where the model of DIR/checkpoint would not have said what the test says
        """;

    public static async Task<int> RunAsync(string[] args, TextWriter output)
    {
        if (args.Length == 0 || args.Length % 2 == 0 || args[0] is not ("train" or "export" or "faults"))
        {
            await output.WriteLineAsync(Usage);
            return 2;
        }

        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 1; i < args.Length; i += 2)
        {
            options[args[i].TrimStart('-')] = args[i + 1];
        }

        double Number(string name, double otherwise) =>
            options.TryGetValue(name, out var text) ? double.Parse(text, CultureInfo.InvariantCulture) : otherwise;

        var folder = options.GetValueOrDefault("folder") ?? throw new ArgumentException("give a folder for what is learned with --folder");
        Directory.CreateDirectory(folder);
        var seed = (ulong)Number("seed", 1);
        await using var task = TrainingTask.Named(options.GetValueOrDefault("task", "jobs"), seed, Path.Combine(folder, "lessons"));
        if (args[0] == "export")
        {
            return Export(task, folder, options.GetValueOrDefault("to", "model.gguf"), output);
        }

        if (args[0] == "faults")
        {
            using var weights = Learned(task, folder);
            Faults.Show(task, weights, (int)Number("examples", 100), output);
            return 0;
        }

        var plan = new ClockPlan(
            TimeProvider.System, folder, TimeSpan.FromMinutes(Number("minutes", 60)), TimeSpan.FromMinutes(Number("decay-minutes", 20)),
            TimeSpan.FromMinutes(Number("rounded-minutes", 30)), warmUp: (long)Number("warm-steps", 40));
        var rates = new OptimizerOptions();
        rates = rates with
        {
            MatrixRate = (float)Number("matrix-rate", rates.MatrixRate), OtherRate = (float)Number("other-rate", rates.OtherRate),
        };
        var chunk = (int)Number("chunk-tokens", task.Batches.ChunkTokens);
        var batches = task.Batches with
        {
            ChunkTokens = chunk, Chunks = (int)Number("chunks", task.Batches.Chunks), ExampleMax = Math.Min(chunk, task.Batches.ExampleMax),
        };
        new Session(folder, task with { Batches = batches }, plan, rates, (int)Number("threads", 2), seed, output).Run();
        return 0;
    }

    static int Export(TrainingTask task, string folder, string to, TextWriter output)
    {
        using var weights = Learned(task, folder);
        output.WriteLine($"{task.Export(weights, to)} bytes");
        var (mean, least) = Parity.Measure(task, weights, to);
        output.WriteLine($"cosine of the logits of llama.cpp and of the trainer: {mean:F6}, at least {least:F6}");
        return 0;
    }

    static Weights Learned(TrainingTask task, string folder)
    {
        var weights = new Weights(task.Shape);
        _ = Checkpoint.Load(Path.Combine(folder, Session.CheckpointName), weights, null)
            ?? throw new FileNotFoundException($"there is no {Session.CheckpointName} in {folder}");
        return weights;
    }
}
