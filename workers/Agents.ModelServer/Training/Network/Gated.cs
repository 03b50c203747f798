using System.Runtime.Intrinsics;
using Agents.ModelServer.Training.Numerics;
using static Agents.ModelServer.Training.Network.Scratch;

namespace Agents.ModelServer.Training.Network;

/// <summary>A gated network: down(silu(gate(x)) * up(x)), times a share for each row where shares are given.</summary>
internal sealed unsafe class Gated(MatrixKernel kernel, int width, int inner, long gate, long up, long down) : IDisposable
{
    const int Wide = Lanes.Wide;

    readonly Projection _gateUp = new Projection(kernel, width).With(gate, inner).With(up, inner);
    readonly Projection _down = new Projection(kernel, inner).With(down, width);

    public void Pack(float* weights)
    {
        _gateUp.Pack(weights);
        _down.Pack(weights);
    }

    /// <param name="gateUp">Gets gate and up, which the gradients need.</param>
    public void Forward(Scratch scratch, float* x, int rows, float* shares, float* gateUp, float* to, bool add)
    {
        _gateUp.Forward(scratch, x, rows, gateUp, _gateUp.Outputs);
        var hidden = scratch.Floats(Room.Hidden, (long)rows * inner);
        Activate(gateUp, rows, shares, hidden);
        _down.Forward(scratch, hidden, rows, to, width, add);
    }

    /// <summary>Writes the gradients of input and shares, adds to those of the weights.</summary>
    public void Backward(
        Scratch scratch, float* x, int rows, float* shares, float* gateUp, float* given, float* to, float* shareGradients, float* gradient)
    {
        var hidden = scratch.Floats(Room.Hidden, (long)rows * inner);
        Activate(gateUp, rows, shares, hidden);
        var hiddenGradient = scratch.Floats(Room.Scores, (long)rows * inner);
        _down.Backward(scratch, hidden, given, rows, hiddenGradient, add: false, gradient);
        var gateUpGradient = scratch.Floats(Room.GateUp, (long)rows * 2 * inner);
        for (var r = 0; r < rows; r++)
        {
            var share = shares is null ? 1 : shares[r];
            var sum = ActivateBackward(
                gateUp + ((long)r * 2 * inner), hiddenGradient + ((long)r * inner), share, gateUpGradient + ((long)r * 2 * inner));
            if (shareGradients is not null)
            {
                shareGradients[r] = sum;
            }
        }

        _gateUp.Backward(scratch, x, gateUpGradient, rows, to, add: false, gradient);
    }

    public void Dispose()
    {
        _gateUp.Dispose();
        _down.Dispose();
    }

    void Activate(float* gateUp, int rows, float* shares, float* hidden)
    {
        for (var r = 0; r < rows; r++)
        {
            var g = gateUp + ((long)r * 2 * inner);
            var h = hidden + ((long)r * inner);
            var share = Vector512.Create(shares is null ? 1 : shares[r]);
            for (var i = 0; i < inner; i += Wide)
            {
                var x = Vector512.Load(g + i);
                (x * Lanes.Sigmoid(x) * Vector512.Load(g + inner + i) * share).Store(h + i);
            }
        }
    }

    /// <summary>Returns the gradient of the share.</summary>
    float ActivateBackward(float* g, float* given, float share, float* to)
    {
        var s = Vector512.Create(share);
        Vector512<float> sum = default;
        for (var i = 0; i < inner; i += Wide)
        {
            var x = Vector512.Load(g + i);
            var u = Vector512.Load(g + inner + i);
            var d = Vector512.Load(given + i);
            var sigmoid = Lanes.Sigmoid(x);
            var silu = x * sigmoid;
            sum = Vector512.FusedMultiplyAdd(d, silu * u, sum);
            d *= s;
            (d * u * (sigmoid + (silu * (Vector512<float>.One - sigmoid)))).Store(to + i);
            (d * silu).Store(to + inner + i);
        }

        return Vector512.Sum(sum);
    }
}
