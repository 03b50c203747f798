using System.Runtime.InteropServices;

namespace Agents.ModelServer.Training.Numerics;

/// <summary>Floats that the collector neither moves nor counts, zero at first, on a boundary of 64 bytes.</summary>
internal sealed unsafe class Floats : IDisposable
{
    const int Boundary = 64;

    public Floats(long count)
    {
        Count = count;
        // Whole blocks behind the end, so that a block of a product may be written past the last row.
        var bytes = (nuint)((count * sizeof(float)) + Boundary);
        At = (float*)NativeMemory.AlignedAlloc(bytes, Boundary);
        NativeMemory.Clear(At, bytes);
    }

    ~Floats() => Free();

    public float* At { get; private set; }

    public long Count { get; }

    public Span<float> Span => new(At, checked((int)Count));

    public void Clear() => NativeMemory.Clear(At, (nuint)(Count * sizeof(float)));

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    void Free()
    {
        NativeMemory.AlignedFree(At);
        At = null;
    }
}
