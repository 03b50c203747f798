using System.Runtime.Intrinsics;
using Agents.ModelServer.Gguf;
using Agents.ModelServer.Training.Numerics;
using static Agents.ModelServer.Training.Network.Scratch;

namespace Agents.ModelServer.Training.Network;

/// <summary>What follows attention in a layer: norm, and either one gated network for every token or a mixture of experts with a shared one.</summary>
internal sealed unsafe class FeedForward : IDisposable
{
    readonly ModelShape _s;
    readonly Weights _weights;
    readonly Router? _router;
    readonly Gated _shared;
    readonly Gated[] _experts;
    readonly long _gain;

    public FeedForward(MatrixKernel kernel, Weights weights, int layer)
    {
        _s = weights.Shape;
        _weights = weights;
        long At(string name) => weights[$"blk.{layer}.ffn_{name}.weight"].Offset;
        _gain = At("norm");
        if (layer == 0)
        {
            _shared = new Gated(kernel, _s.Width, _s.DenseWidth, At("gate"), At("up"), At("down"));
            _experts = [];
            return;
        }

        _router = new Router(weights, layer);
        _shared = new Gated(kernel, _s.Width, _s.ExpertWidth, At("gate_shexp"), At("up_shexp"), At("down_shexp"));
        var size = (long)_s.Width * _s.ExpertWidth;
        _experts = [.. Enumerable.Range(0, _s.Experts).Select(e => new Gated(
            kernel, _s.Width, _s.ExpertWidth, At("gate_exps") + (e * size), At("up_exps") + (e * size), At("down_exps") + (e * size)))];
    }

    public Router? Router => _router;

    public void Pack()
    {
        _shared.Pack(_weights.Used.At);
        foreach (var expert in _experts)
        {
            expert.Pack(_weights.Used.At);
        }
    }

    public void Forward(Scratch scratch, LayerTape t, int rows, float* stream)
    {
        var width = _s.Width;
        Lanes.Copy(stream, t.Middle.At, (long)rows * width);
        Norm.Forward(stream, width, _weights.Used.At + _gain, rows, width, t.MiddleNormed.At, t.InverseOf(3));
        _shared.Forward(scratch, t.MiddleNormed.At, rows, null, t.GateUp.At, stream, add: true);
        if (_router is null)
        {
            return;
        }

        _router.Forward(t, rows);
        for (var e = 0; e < _s.Experts; e++)
        {
            var places = Places(t, e);
            if (places.Length == 0)
            {
                continue;
            }

            var x = Gather(t.MiddleNormed.At, places, scratch.Floats(Room.Gathered, (long)places.Length * width));
            var y = scratch.Floats(Room.Output, (long)places.Length * width);
            _experts[e].Forward(scratch, x, places.Length, Shares(scratch, t, places), GateUp(t, rows, e), y, add: false);
            for (var i = 0; i < places.Length; i++)
            {
                Lanes.Add(stream + ((long)(places[i] / _s.ExpertsUsed) * width), y + ((long)i * width), width);
            }
        }
    }

    public void Backward(Scratch scratch, LayerTape t, int rows, float* stream, float* gradient)
    {
        var width = _s.Width;
        var normed = scratch.Floats(Room.Stream, (long)rows * width);
        _shared.Backward(scratch, t.MiddleNormed.At, rows, null, t.GateUp.At, stream, normed, null, gradient);
        if (_router is not null)
        {
            var shares = scratch.Floats(Room.Router, (long)rows * _s.ExpertsUsed);
            for (var e = 0; e < _s.Experts; e++)
            {
                if (Places(t, e).Length > 0)
                {
                    BackwardExpert(scratch, t, rows, e, stream, normed, shares, gradient);
                }
            }

            _router.Backward(t, rows, shares, normed, gradient);
        }

        Norm.Backward(
            t.Middle.At, width, _weights.Used.At + _gain, t.InverseOf(3), normed, rows, width, stream, width, gradient + _gain, add: true);
    }

    void BackwardExpert(
        Scratch scratch, LayerTape t, int rows, int expert, float* stream, float* normed, float* shareGradients, float* gradient)
    {
        var width = _s.Width;
        var places = Places(t, expert);
        var x = Gather(t.MiddleNormed.At, places, scratch.Floats(Room.Gathered, (long)places.Length * width));
        var given = Gather(stream, places, scratch.Floats(Room.Wide, (long)places.Length * width));
        var dx = scratch.Floats(Room.Output, (long)places.Length * width);
        var dShares = scratch.Floats(Room.Ranks, places.Length);
        _experts[expert].Backward(
            scratch, x, places.Length, Shares(scratch, t, places), GateUp(t, rows, expert), given, dx, dShares, gradient);
        for (var i = 0; i < places.Length; i++)
        {
            Lanes.Add(normed + ((long)(places[i] / _s.ExpertsUsed) * width), dx + ((long)i * width), width);
            shareGradients[places[i]] = dShares[i];
        }
    }

    /// <summary>The tokens of an expert, as places among the choices, and where its gate and up lie.</summary>
    ReadOnlySpan<int> Places(LayerTape t, int expert) => t.Places.AsSpan(t.Begins[expert], t.Begins[expert + 1] - t.Begins[expert]);

    /// <summary>Behind those of the shared one, which every token takes.</summary>
    float* GateUp(LayerTape t, int rows, int expert) => t.GateUp.At + ((rows + (long)t.Begins[expert]) * 2 * _s.ExpertWidth);

    float* Gather(float* from, ReadOnlySpan<int> places, float* to)
    {
        for (var i = 0; i < places.Length; i++)
        {
            Lanes.Copy(from + ((long)(places[i] / _s.ExpertsUsed) * _s.Width), to + ((long)i * _s.Width), _s.Width);
        }

        return to;
    }

    static float* Shares(Scratch scratch, LayerTape t, ReadOnlySpan<int> places)
    {
        var shares = scratch.Floats(Room.Narrow, places.Length);
        for (var i = 0; i < places.Length; i++)
        {
            shares[i] = t.Share.At[places[i]];
        }

        return shares;
    }

    public void Dispose()
    {
        _shared.Dispose();
        foreach (var expert in _experts)
        {
            expert.Dispose();
        }
    }
}
