using Agents.ModelServer.Training.Network;
using Agents.ModelServer.Training.Numerics;

namespace Agents.ModelServer.Training;

/// <summary>Shows what a model gets wrong on the test.</summary>
static class Faults
{
    const int Before = 24;
    const int Behind = 6;

    /// <summary>Prints, of every reply that is not right in every token, the first wrong one with what stands around it.</summary>
    public static void Show(TrainingTask task, Weights weights, int examples, TextWriter output)
    {
        var room = task.Batches.ExampleMax;
        var tokens = new int[room];
        var counts = new float[room];
        var positions = Enumerable.Range(0, room).ToArray();
        using var model = new Model(MatrixKernel.Best, weights, room);
        using var tape = new Tape(task.Shape, room);
        weights.Take(rounded: true, threads: 1);
        model.Pack(1);
        var chunk = new Chunk(room);
        var (replies, wrong) = (0, 0);
        for (var example = 0; example < examples; example++)
        {
            var length = task.Test.Next((ulong)example, tokens, counts);
            chunk.Clear();
            chunk.TryAdd(tokens.AsSpan(0, length), counts.AsSpan(0, length), positions.AsSpan(0, length));
            var likeliest = model.Predict(tape, chunk);
            var faulty = false;
            for (var i = 0; i < chunk.Count; i++)
            {
                var begins = likeliest[i] >= 0 && (i == 0 || likeliest[i - 1] < 0);
                replies += begins ? 1 : 0;
                faulty &= !begins;
                if (likeliest[i] >= 0 && likeliest[i] != chunk.Targets[i] && !faulty)
                {
                    faulty = true;
                    wrong++;
                    var said = string.Join('|', Enumerable.Range(Math.Max(0, i - Before), Math.Min(i, Before) + 1).Select(p => task.Text(chunk.Tokens[p])));
                    var rest = string.Join('|', Enumerable.Range(i, Math.Min(Behind, chunk.Count - i)).Select(p => task.Text(chunk.Targets[p])));
                    output.WriteLine($"{example}: …{said} >>> {task.Text(likeliest[i])} instead of {rest}".ReplaceLineEndings(" "));
                }
            }
        }

        output.WriteLine($"{replies - wrong} of {replies} replies are right in every token");
    }
}
