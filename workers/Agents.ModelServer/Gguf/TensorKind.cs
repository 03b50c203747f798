namespace Agents.ModelServer.Gguf;

/// <summary>How the weights of a tensor are stored; the numbers are GGUF's.</summary>
public enum TensorKind : uint
{
    /// <summary>32-bit floats.</summary>
    F32 = 0,

    /// <summary>16-bit floats.</summary>
    F16 = 1,

    /// <summary>Q4_0: symmetric INT4 in groups of 32 with a 16-bit scale.</summary>
    Q4 = 2,
}

static class TensorKinds
{
    /// <summary>Bytes of a tensor of that shape.</summary>
    public static long Bytes(this TensorKind kind, IReadOnlyList<long> shape)
    {
        var weights = shape.Aggregate(1L, (product, length) => checked(product * length));
        return kind switch
        {
            TensorKind.F32 => weights * 4,
            TensorKind.F16 => weights * 2,
            TensorKind.Q4 => weights / Q4.BlockWeights * Q4.BlockBytes,
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "not a kind that is written here"),
        };
    }
}
