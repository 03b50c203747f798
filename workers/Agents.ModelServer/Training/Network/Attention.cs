using Agents.ModelServer.Gguf;
using Agents.ModelServer.Training.Numerics;
using static Agents.ModelServer.Training.Network.Scratch;

namespace Agents.ModelServer.Training.Network;

/// <summary>Latent attention of one layer: norm, low-rank queries, keys and values, rotary positions, heads, output.</summary>
internal sealed unsafe class Attention : IDisposable
{
    readonly ModelShape _s;
    readonly Weights _weights;
    readonly Rotation _rotation;
    readonly Head _head;
    readonly Projection _down;
    readonly Projection _queryUp;
    readonly Projection _keyValueUp;
    readonly Projection _output;
    readonly long _gain;
    readonly long _queryGain;
    readonly long _keyValueGain;
    readonly int _latentWidth;
    readonly int _keyWidth;

    public Attention(MatrixKernel kernel, Weights weights, Rotation rotation, int layer)
    {
        var s = _s = weights.Shape;
        long At(string name) => weights[$"blk.{layer}.attn_{name}.weight"].Offset;
        _weights = weights;
        _rotation = rotation;
        _keyWidth = s.KeyPlain + s.KeyRotary;
        _latentWidth = s.QueryRank + s.KeyValueRank + s.KeyRotary;
        _head = new Head(kernel, s.KeyPlain, s.KeyRotary, s.ValueWidth);
        _down = new Projection(kernel, s.Width).With(At("q_a"), s.QueryRank).With(At("kv_a_mqa"), s.KeyValueRank + s.KeyRotary);
        _queryUp = new Projection(kernel, s.QueryRank).With(At("q_b"), s.Heads * _keyWidth);
        _keyValueUp = new Projection(kernel, s.KeyValueRank);
        for (var head = 0; head < s.Heads; head++)
        {
            _keyValueUp.With(At("k_b") + ((long)head * s.KeyValueRank * s.KeyPlain), s.KeyPlain, turned: true);
        }

        _keyValueUp.With(At("v_b"), s.Heads * s.ValueWidth);
        _output = new Projection(kernel, s.Heads * s.ValueWidth).With(At("output"), s.Width);
        (_gain, _queryGain, _keyValueGain) = (At("norm"), At("q_a_norm"), At("kv_a_norm"));
    }

    public void Pack()
    {
        foreach (var projection in (Projection[])[_down, _queryUp, _keyValueUp, _output])
        {
            projection.Pack(_weights.Used.At);
        }
    }

    /// <summary>Adds what attention says to the stream.</summary>
    public void Forward(Scratch scratch, LayerTape t, Chunk chunk, float* stream)
    {
        var used = _weights.Used.At;
        var rows = chunk.Count;
        Lanes.Copy(stream, t.Input.At, (long)rows * _s.Width);
        Norm.Forward(stream, _s.Width, used + _gain, rows, _s.Width, t.Normed.At, t.InverseOf(0));
        _down.Forward(scratch, t.Normed.At, rows, t.Latent.At, _latentWidth);
        Norm.Forward(t.Latent.At, _latentWidth, used + _queryGain, rows, _s.QueryRank, t.QueryLatent.At, t.InverseOf(1));
        Norm.Forward(
            t.Latent.At + _s.QueryRank, _latentWidth, used + _keyValueGain, rows, _s.KeyValueRank, t.KeyValueLatent.At, t.InverseOf(2));
        _queryUp.Forward(scratch, t.QueryLatent.At, rows, t.Query.At, _queryUp.Outputs);
        _keyValueUp.Forward(scratch, t.KeyValueLatent.At, rows, t.KeyValue.At, _keyValueUp.Outputs);
        for (var i = 0; i < rows; i++)
        {
            var key = t.KeyRotary.At + ((long)i * _s.KeyRotary);
            Lanes.Copy(t.Latent.At + ((i + 1L) * _latentWidth) - _s.KeyRotary, key, _s.KeyRotary);
            _rotation.Turn(key, chunk.Positions[i]);
            TurnQueries(t.Query.At + ((long)i * _queryUp.Outputs), chunk.Positions[i], backward: false);
        }

        for (var e = 0; e < chunk.Examples; e++)
        {
            for (var h = 0; h < _s.Heads; h++)
            {
                var (start, length) = chunk.Example(e);
                _head.Forward(
                    scratch, length, Queries(t.Query.At, start, h), Keys(t.KeyValue.At, start, h), Rotary(t.KeyRotary.At, start),
                    Values(t.KeyValue.At, start, h), Seen(t.Seen.At, start, h), t.LogSum.At + ((long)h * rows) + start);
            }
        }

        _output.Forward(scratch, t.Seen.At, rows, stream, _s.Width, add: true);
    }

    /// <summary>Adds to the gradient of the stream what passes through attention.</summary>
    public void Backward(Scratch scratch, LayerTape t, Chunk chunk, float* stream, float* gradient)
    {
        var used = _weights.Used.At;
        var rows = chunk.Count;
        int queryWidth = _queryUp.Outputs, keyValueWidth = _keyValueUp.Outputs, seenWidth = _s.Heads * _s.ValueWidth;
        var seen = scratch.Floats(Room.Hidden, (long)rows * seenWidth);
        _output.Backward(scratch, t.Seen.At, stream, rows, seen, add: false, gradient);

        var query = scratch.Floats(Room.Wide, (long)rows * queryWidth);
        var keyValue = scratch.Floats(Room.GateUp, (long)rows * keyValueWidth);
        var rotary = scratch.Floats(Room.Narrow, (long)rows * _s.KeyRotary);
        new Span<float>(rotary, rows * _s.KeyRotary).Clear();
        for (var e = 0; e < chunk.Examples; e++)
        {
            for (var h = 0; h < _s.Heads; h++)
            {
                var (start, length) = chunk.Example(e);
                _head.Backward(
                    scratch, length, Queries(t.Query.At, start, h), Keys(t.KeyValue.At, start, h), Rotary(t.KeyRotary.At, start),
                    Values(t.KeyValue.At, start, h), Seen(t.Seen.At, start, h), t.LogSum.At + ((long)h * rows) + start, Seen(seen, start, h),
                    Queries(query, start, h), Keys(keyValue, start, h), Rotary(rotary, start), Values(keyValue, start, h));
            }
        }

        var latent = scratch.Floats(Room.Output, (long)rows * _latentWidth);
        for (var i = 0; i < rows; i++)
        {
            TurnQueries(query + ((long)i * queryWidth), chunk.Positions[i], backward: true);
            _rotation.Turn(rotary + ((long)i * _s.KeyRotary), chunk.Positions[i], backward: true);
            Lanes.Copy(rotary + ((long)i * _s.KeyRotary), latent + ((i + 1L) * _latentWidth) - _s.KeyRotary, _s.KeyRotary);
        }

        var ranks = scratch.Floats(Room.Ranks, (long)rows * Math.Max(_s.Width, Math.Max(_s.QueryRank, _s.KeyValueRank)));
        _queryUp.Backward(scratch, t.QueryLatent.At, query, rows, ranks, add: false, gradient);
        Norm.Backward(
            t.Latent.At, _latentWidth, used + _queryGain, t.InverseOf(1), ranks, rows, _s.QueryRank, latent, _latentWidth,
            gradient + _queryGain, add: false);
        _keyValueUp.Backward(scratch, t.KeyValueLatent.At, keyValue, rows, ranks, add: false, gradient);
        Norm.Backward(
            t.Latent.At + _s.QueryRank, _latentWidth, used + _keyValueGain, t.InverseOf(2), ranks, rows, _s.KeyValueRank,
            latent + _s.QueryRank, _latentWidth, gradient + _keyValueGain, add: false);
        _down.Backward(scratch, t.Normed.At, latent, rows, ranks, add: false, gradient);
        Norm.Backward(t.Input.At, _s.Width, used + _gain, t.InverseOf(0), ranks, rows, _s.Width, stream, _s.Width, gradient + _gain, add: true);
    }

    public void Dispose()
    {
        foreach (var projection in (Projection[])[_down, _queryUp, _keyValueUp, _output])
        {
            projection.Dispose();
        }
    }

    void TurnQueries(float* query, int position, bool backward)
    {
        for (var h = 0; h < _s.Heads; h++)
        {
            _rotation.Turn(query + (h * _keyWidth) + _s.KeyPlain, position, backward);
        }
    }

    Rows Queries(float* all, int start, int head) => new(all + ((long)start * _queryUp.Outputs) + (head * _keyWidth), _queryUp.Outputs);

    Rows Keys(float* all, int start, int head) =>
        new(all + ((long)start * _keyValueUp.Outputs) + (head * _s.KeyPlain), _keyValueUp.Outputs);

    Rows Values(float* all, int start, int head) =>
        new(all + ((long)start * _keyValueUp.Outputs) + (_s.Heads * _s.KeyPlain) + (head * _s.ValueWidth), _keyValueUp.Outputs);

    Rows Rotary(float* all, int start) => new(all + ((long)start * _s.KeyRotary), _s.KeyRotary);

    Rows Seen(float* all, int start, int head) =>
        new(all + ((long)start * _s.Heads * _s.ValueWidth) + (head * _s.ValueWidth), _s.Heads * _s.ValueWidth);
}
