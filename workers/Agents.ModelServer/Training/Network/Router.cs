using Agents.ModelServer.Gguf;
using Agents.ModelServer.Training.Numerics;

namespace Agents.ModelServer.Training.Network;

/// <summary>
/// Chooses experts: each has a chance of its own (sigmoid), those with the highest chance plus bias are taken, and count as
/// their chances do to each other. The bias has no gradient; it is moved so that all are taken equally often.
/// </summary>
internal sealed unsafe class Router
{
    readonly ModelShape _s;
    readonly Weights _weights;
    readonly long _at;
    readonly Parameter _bias;

    public Router(Weights weights, int layer)
    {
        _s = weights.Shape;
        _weights = weights;
        _at = weights[$"blk.{layer}.ffn_gate_inp.weight"].Offset;
        _bias = weights[$"blk.{layer}.exp_probs_b.bias"];
    }

    /// <summary>Fills chosen, shares and the order by expert.</summary>
    public void Forward(LayerTape t, int rows)
    {
        var bias = _weights.Used.At + _bias.Offset;
        for (var i = 0; i < rows; i++)
        {
            var x = t.MiddleNormed.At + ((long)i * _s.Width);
            var chances = t.Chance.At + ((long)i * _s.Experts);
            for (var e = 0; e < _s.Experts; e++)
            {
                chances[e] = 1 / (1 + MathF.Exp(-Lanes.Dot(x, _weights.Used.At + _at + ((long)e * _s.Width), _s.Width)));
            }

            Choose(chances, bias, t.Chosen.AsSpan(i * _s.ExpertsUsed, _s.ExpertsUsed), t.Share.At + ((long)i * _s.ExpertsUsed));
        }

        Order(t, rows * _s.ExpertsUsed);
    }

    /// <summary>Adds the gradients that pass through the shares.</summary>
    public void Backward(LayerTape t, int rows, float* shareGradients, float* normed, float* gradient)
    {
        var k = _s.ExpertsUsed;
        for (var i = 0; i < rows; i++)
        {
            var chances = t.Chance.At + ((long)i * _s.Experts);
            var x = t.MiddleNormed.At + ((long)i * _s.Width);
            float sum = 0, mean = 0;
            for (var j = i * k; j < (i + 1) * k; j++)
            {
                sum += chances[t.Chosen[j]];
                mean += shareGradients[j] * t.Share.At[j];
            }

            for (var j = i * k; j < (i + 1) * k; j++)
            {
                var e = t.Chosen[j];
                var chance = chances[e];
                var d = ((_s.ExpertScale * shareGradients[j]) - mean) / sum * chance * (1 - chance);
                var row = _at + ((long)e * _s.Width);
                Lanes.Add(gradient + row, x, _s.Width, d);
                Lanes.Add(normed + ((long)i * _s.Width), _weights.Used.At + row, _s.Width, d);
            }
        }
    }

    /// <summary>Moves the bias of every expert a step towards an even load.</summary>
    public void Balance(ReadOnlySpan<long> taken, float step)
    {
        var bias = Weights.Of(_weights.Learned, _bias);
        var all = 0L;
        foreach (var count in taken)
        {
            all += count;
        }

        for (var e = 0; e < taken.Length; e++)
        {
            bias[e] += step * Math.Sign(all - (taken[e] * taken.Length));
        }
    }

    void Choose(float* chances, float* bias, Span<int> chosen, float* shares)
    {
        var sum = 0f;
        for (var j = 0; j < chosen.Length; j++)
        {
            var best = -1;
            for (var e = 0; e < _s.Experts; e++)
            {
                if (!chosen[..j].Contains(e) && (best < 0 || chances[e] + bias[e] > chances[best] + bias[best]))
                {
                    best = e;
                }
            }

            chosen[j] = best;
            sum += chances[best];
        }

        for (var j = 0; j < chosen.Length; j++)
        {
            shares[j] = _s.ExpertScale * chances[chosen[j]] / sum;
        }
    }

    void Order(LayerTape t, int count)
    {
        var begins = t.Begins.AsSpan();
        begins.Clear();
        foreach (var e in t.Chosen.AsSpan(0, count))
        {
            begins[e + 1]++;
        }

        for (var e = 0; e < _s.Experts; e++)
        {
            begins[e + 1] += begins[e];
        }

        Span<int> next = stackalloc int[_s.Experts];
        begins[..^1].CopyTo(next);
        for (var place = 0; place < count; place++)
        {
            t.Places[next[t.Chosen[place]]++] = place;
        }
    }
}
