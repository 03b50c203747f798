using System.Runtime.Intrinsics;
using Agents.ModelServer.Training.Numerics;

namespace Agents.ModelServer.Training.Network;

/// <summary>How well some examples were predicted.</summary>
/// <param name="Loss">Sum over the counted tokens, in nats, each times its weight; <paramref name="Weight"/> sums the weights.</param>
/// <param name="Counted">Tokens that count; <paramref name="Right"/> of them were the most likely one.</param>
/// <param name="Replies">Runs of counted tokens; <paramref name="Exact"/> of them were right in every token.</param>
internal readonly record struct Tally(double Loss, double Weight, long Counted, long Right, long Replies, long Exact, long Tokens = 0)
{
    public static Tally operator +(Tally a, Tally b) => new(
        a.Loss + b.Loss, a.Weight + b.Weight, a.Counted + b.Counted, a.Right + b.Right, a.Replies + b.Replies, a.Exact + b.Exact,
        a.Tokens + b.Tokens);
}

/// <summary>Cross entropy of the rows that count.</summary>
static unsafe class Loss
{
    const int Wide = Lanes.Wide;

    /// <summary>Turns the logits into their gradients, times <paramref name="scale"/>.</summary>
    public static Tally Of(Chunk chunk, List<int> rows, float* logits, int width, float scale)
    {
        double loss = 0, weights = 0;
        long right = 0, replies = 0, exact = 0;
        var whole = true;
        for (var i = 0; i < rows.Count; i++)
        {
            var row = logits + ((long)i * width);
            var target = chunk.Targets[rows[i]];
            var weight = chunk.Weights[rows[i]];
            var hit = Row(row, width, target, weight * scale, out var nats);
            loss += weight * nats;
            weights += weight;
            right += hit ? 1 : 0;
            whole &= hit;
            if (i + 1 == rows.Count || rows[i + 1] != rows[i] + 1 || chunk.StartsAt(rows[i + 1]))
            {
                replies++;
                exact += whole ? 1 : 0;
                whole = true;
            }
        }

        return new Tally(loss, weights, rows.Count, right, replies, exact);
    }

    public static int Likeliest(float* row, int width)
    {
        var best = 0;
        for (var i = 1; i < width; i++)
        {
            best = row[i] > row[best] ? i : best;
        }

        return best;
    }

    static bool Row(float* row, int width, int target, float factor, out float nats)
    {
        var best = Likeliest(row, width);
        var most = row[best];
        var peak = Vector512.Create(most);
        Vector512<float> sum = default;
        var chosen = row[target] - most;
        for (var i = 0; i < width; i += Wide)
        {
            var e = Lanes.Exp(Vector512.Load(row + i) - peak);
            e.Store(row + i);
            sum += e;
        }

        var total = Vector512.Sum(sum);
        nats = MathF.Log(total) - chosen;
        var share = Vector512.Create(factor / total);
        for (var i = 0; i < width; i += Wide)
        {
            (Vector512.Load(row + i) * share).Store(row + i);
        }

        row[target] -= factor;
        return best == target;
    }
}
