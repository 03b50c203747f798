using System.Collections.Concurrent;
using Agents.ModelServer.Training.Data;
using Agents.ModelServer.Training.Network;

namespace Agents.ModelServer.Training.Learning;

/// <summary>Chunks of one step, and the number of the first example of the next.</summary>
internal sealed record Batch(List<Chunk> Chunks, ulong Next)
{
    public double Weight => Chunks.Sum(c => c.Weight);
}

/// <summary>Puts examples together into batches, on a thread of its own that is always some batches ahead.</summary>
internal sealed class Batches : IDisposable
{
    const int Ahead = 3;

    readonly IExampleSource _source;
    readonly BatchOptions _options;
    readonly BlockingCollection<Batch> _ready = new(Ahead);
    readonly BlockingCollection<Batch> _spent = [];
    readonly CancellationTokenSource _stop = new();
    readonly Thread _thread;
    readonly int[] _tokens;
    readonly int[] _positions;
    readonly float[] _weights;
    Exception? _failure;

    public Batches(IExampleSource source, BatchOptions options, ulong first)
    {
        _source = source;
        _options = options;
        _tokens = new int[options.ExampleMax];
        _positions = [.. Enumerable.Range(0, options.ExampleMax)];
        _weights = new float[options.ExampleMax];
        for (var i = 0; i < Ahead + 2; i++)
        {
            _spent.Add(new Batch([.. Enumerable.Range(0, options.Chunks).Select(_ => new Chunk(options.ChunkTokens))], 0));
        }

        _thread = new Thread(() => Fill(first)) { IsBackground = true, Name = "examples" };
        _thread.Start();
    }

    public Batch Take()
    {
        try
        {
            return _ready.Take(_stop.Token);
        }
        catch (Exception e) when (e is InvalidOperationException or OperationCanceledException)
        {
            throw new InvalidOperationException("no more examples", _failure ?? e);
        }
    }

    public void GiveBack(Batch batch) => _spent.Add(batch);

    public void Dispose()
    {
        _stop.Cancel();
        _thread.Join();
        _ready.Dispose();
        _spent.Dispose();
        _stop.Dispose();
    }

    void Fill(ulong index)
    {
        try
        {
            while (true)
            {
                var batch = _spent.Take(_stop.Token);
                foreach (var chunk in batch.Chunks)
                {
                    index = Fill(chunk, index);
                }

                _ready.Add(batch with { Next = index }, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception e)
        {
            _failure = e;
            _ready.CompleteAdding();
        }
    }

    ulong Fill(Chunk chunk, ulong index)
    {
        chunk.Clear();
        while (true)
        {
            var length = _source.Next(index, _tokens, _weights);
            if (!chunk.TryAdd(_tokens.AsSpan(0, length), _weights.AsSpan(0, length), _positions.AsSpan(0, length)))
            {
                return index; // begins the next chunk
            }

            index++;
        }
    }
}

internal sealed record BatchOptions
{
    /// <summary>Tokens computed together; an example is at most as long.</summary>
    public int ChunkTokens { get; init; } = 1280;

    public int Chunks { get; init; } = 4;

    public int ExampleMax { get; init; } = 1280;
}
