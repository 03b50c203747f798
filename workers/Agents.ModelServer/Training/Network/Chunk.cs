namespace Agents.ModelServer.Training.Network;

/// <summary>Some examples one behind the other, computed together; each attends only to itself.</summary>
internal sealed class Chunk(int capacity)
{
    readonly List<int> _starts = [0];

    public int Capacity { get; } = capacity;

    public int[] Tokens { get; } = new int[capacity];

    /// <summary>The token that follows, and how much its prediction counts.</summary>
    public int[] Targets { get; } = new int[capacity];

    public float[] Weights { get; } = new float[capacity];

    public int[] Positions { get; } = new int[capacity];

    public int Count => _starts[^1];

    public int Examples => _starts.Count - 1;

    public double Weight { get; private set; }

    public (int Start, int Length) Example(int index) => (_starts[index], _starts[index + 1] - _starts[index]);

    /// <summary>Whether an example begins at that token.</summary>
    public bool StartsAt(int token) => _starts.BinarySearch(token) >= 0;

    public void Clear()
    {
        _starts.Clear();
        _starts.Add(0);
        Weight = 0;
    }

    /// <summary>Adds an example; false when there is no room. The last token is only a target.</summary>
    /// <param name="positions">Place of each token in its conversation.</param>
    public bool TryAdd(ReadOnlySpan<int> tokens, ReadOnlySpan<float> weights, ReadOnlySpan<int> positions)
    {
        var count = tokens.Length - 1;
        if (count < 1 || Count + count > Capacity)
        {
            return count < 1;
        }

        var start = Count;
        tokens[..count].CopyTo(Tokens.AsSpan(start));
        tokens[1..].CopyTo(Targets.AsSpan(start));
        weights[1..].CopyTo(Weights.AsSpan(start));
        positions[..count].CopyTo(Positions.AsSpan(start));
        foreach (var weight in weights[1..])
        {
            Weight += weight;
        }

        _starts.Add(start + count);
        return true;
    }
}
