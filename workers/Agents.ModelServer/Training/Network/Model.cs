using System.Runtime.Intrinsics;
using Agents.ModelServer.Gguf;
using Agents.ModelServer.Training.Numerics;
using static Agents.ModelServer.Training.Network.Scratch;

namespace Agents.ModelServer.Training.Network;

/// <summary>The whole model over packed weights. Many threads may compute at once, each with a tape of its own.</summary>
internal sealed unsafe class Model : IDisposable
{
    readonly MatrixKernel _kernel;
    readonly ModelShape _s;
    readonly Attention[] _attention;
    readonly FeedForward[] _feedForward;
    readonly Projection _output;
    readonly long _embedding;
    readonly long _gain;

    public Model(MatrixKernel kernel, Weights weights, int positions)
    {
        _kernel = kernel;
        _s = weights.Shape;
        Weights = weights;
        var rotation = new Rotation(_s.KeyRotary, _s.RotaryBase, positions);
        _attention = [.. Enumerable.Range(0, _s.Layers).Select(l => new Attention(kernel, weights, rotation, l))];
        _feedForward = [.. Enumerable.Range(0, _s.Layers).Select(l => new FeedForward(kernel, weights, l))];
        _output = new Projection(kernel, _s.Width).With(weights["output.weight"].Offset, _s.VocabularySize);
        _embedding = weights["token_embd.weight"].Offset;
        _gain = weights["output_norm.weight"].Offset;
        Positions = positions;
    }

    public Weights Weights { get; }

    /// <summary>Positions are below this.</summary>
    public int Positions { get; }

    /// <summary>The router of each layer that has one.</summary>
    public IEnumerable<Router> Routers => _feedForward.Where(f => f.Router is not null).Select(f => f.Router!);

    /// <summary>Packs the weights that are computed with; to be called whenever they changed.</summary>
    public void Pack(int threads)
    {
        Action[] parts = [.. _attention.Select(a => (Action)a.Pack), .. _feedForward.Select(f => (Action)f.Pack), () => _output.Pack(Weights.Used.At)];
        Parallel.ForEach(parts, new ParallelOptions { MaxDegreeOfParallelism = threads }, part => part());
    }

    /// <summary>Logits of the last token of every example, example by example; for comparison.</summary>
    public float[] LastLogits(Tape tape, Chunk chunk)
    {
        var stream = Forward(tape, chunk);
        var logits = new float[(long)chunk.Examples * _s.VocabularySize];
        var one = tape.Scratch.Floats(Room.Output, _s.VocabularySize);
        for (var e = 0; e < chunk.Examples; e++)
        {
            var (start, length) = chunk.Example(e);
            _output.Forward(tape.Scratch, stream + ((start + length - 1L) * _s.Width), 1, one, _s.VocabularySize);
            new Span<float>(one, _s.VocabularySize).CopyTo(logits.AsSpan(e * _s.VocabularySize));
        }

        return logits;
    }

    /// <summary>
    /// Computes a chunk: what its loss is, and adds its gradients, times <paramref name="scale"/>, to
    /// <paramref name="gradient"/> where one is given.
    /// </summary>
    public Tally Compute(Tape tape, Chunk chunk, float scale, float* gradient)
    {
        var rows = Counted(chunk);
        var logits = Logits(tape, chunk, rows, out var x);
        var tally = Loss.Of(chunk, rows, logits, _s.VocabularySize, scale);
        if (gradient is not null)
        {
            Backward(tape, chunk, rows, x, logits, gradient);
        }

        tape.Count(tally, chunk.Count);
        return tally;
    }

    /// <summary>The most likely token behind every token whose successor counts; -1 behind the others.</summary>
    public int[] Predict(Tape tape, Chunk chunk)
    {
        var rows = Counted(chunk);
        var logits = Logits(tape, chunk, rows, out _);
        var likeliest = Enumerable.Repeat(-1, chunk.Count).ToArray();
        for (var i = 0; i < rows.Count; i++)
        {
            likeliest[rows[i]] = Loss.Likeliest(logits + ((long)i * _s.VocabularySize), _s.VocabularySize);
        }

        return likeliest;
    }

    static List<int> Counted(Chunk chunk) => [.. Enumerable.Range(0, chunk.Count).Where(i => chunk.Weights[i] > 0)];

    /// <summary>Logits behind those rows, and the end of the stream there.</summary>
    float* Logits(Tape tape, Chunk chunk, List<int> rows, out float* x)
    {
        var stream = Forward(tape, chunk);
        var scratch = tape.Scratch;
        x = scratch.Floats(Room.Gathered, (long)rows.Count * _s.Width);
        for (var i = 0; i < rows.Count; i++)
        {
            Lanes.Copy(stream + ((long)rows[i] * _s.Width), x + ((long)i * _s.Width), _s.Width);
        }

        var logits = scratch.Floats(Room.Output, (long)rows.Count * _s.VocabularySize);
        _output.Forward(scratch, x, rows.Count, logits, _s.VocabularySize);
        return logits;
    }

    /// <summary>The stream behind the last norm.</summary>
    float* Forward(Tape tape, Chunk chunk)
    {
        var used = Weights.Used.At;
        var stream = tape.Stream.At;
        for (var i = 0; i < chunk.Count; i++)
        {
            Lanes.Copy(used + _embedding + ((long)chunk.Tokens[i] * _s.Width), stream + ((long)i * _s.Width), _s.Width);
        }

        for (var layer = 0; layer < _s.Layers; layer++)
        {
            _attention[layer].Forward(tape.Scratch, tape.Layers[layer], chunk, stream);
            _feedForward[layer].Forward(tape.Scratch, tape.Layers[layer], chunk.Count, stream);
        }

        Norm.Forward(stream, _s.Width, used + _gain, chunk.Count, _s.Width, tape.Normed.At, tape.Inverse.At);
        return tape.Normed.At;
    }

    void Backward(Tape tape, Chunk chunk, List<int> rows, float* x, float* logits, float* gradient)
    {
        var scratch = tape.Scratch;
        var dx = scratch.Floats(Room.Hidden, (long)rows.Count * _s.Width);
        _output.Backward(scratch, x, logits, rows.Count, dx, add: false, gradient);
        var given = tape.Normed.At; // no longer needed as it was
        new Span<float>(given, chunk.Count * _s.Width).Clear();
        for (var i = 0; i < rows.Count; i++)
        {
            Lanes.Copy(dx + ((long)i * _s.Width), given + ((long)rows[i] * _s.Width), _s.Width);
        }

        var stream = tape.Gradient.At;
        Norm.Backward(
            tape.Stream.At, _s.Width, Weights.Used.At + _gain, tape.Inverse.At, given, chunk.Count, _s.Width, stream, _s.Width,
            gradient + _gain, add: false);
        for (var layer = _s.Layers - 1; layer >= 0; layer--)
        {
            _feedForward[layer].Backward(scratch, tape.Layers[layer], chunk.Count, stream, gradient);
            _attention[layer].Backward(scratch, tape.Layers[layer], chunk, stream, gradient);
        }

        for (var i = 0; i < chunk.Count; i++)
        {
            Lanes.Add(gradient + _embedding + ((long)chunk.Tokens[i] * _s.Width), stream + ((long)i * _s.Width), _s.Width);
        }
    }

    public void Dispose()
    {
        _output.Dispose();
        foreach (var part in _attention.Concat<IDisposable>(_feedForward))
        {
            part.Dispose();
        }
    }
}
