using System.Runtime.InteropServices;

namespace Agents.ModelServer.Native;

// Laid out as llama.cpp's own, release 0.5.0. They travel by value and change between releases without notice: LayoutCheck
// compares their sizes and defaults with the library's before anything else is called.

[StructLayout(LayoutKind.Sequential)]
unsafe struct ModelParams
{
    public void* Devices;
    public void* BufferOverrides;
    public int GpuLayers;
    public int SplitMode;
    public int LoadMode;
    public int LazyMode;
    public int MainGpu;
    public float* TensorSplit;
    public void* ProgressCallback;
    public void* ProgressData;
    public void* KeyValueOverrides;
    public byte VocabularyOnly;
    public byte CheckTensors;
    public byte UseExtraBuffers;
    public byte NoHost;
    public byte NoAlloc;
    public byte LoadPredictionLayers;
}

[StructLayout(LayoutKind.Sequential)]
unsafe struct ContextParams
{
    public uint Cells;
    public uint BatchMax;
    public uint MicroBatchMax;
    public uint SequencesMax;
    public uint RollbackSnapshots;
    public uint OutputsMax;
    public uint OutputsPerSequenceMax;
    public int Threads;
    public int ThreadsForBatches;
    public int ContextType;
    public int RopeScaling;
    public int Pooling;
    public int Attention;
    public int FlashAttention;
    public float RopeBase;
    public float RopeScale;
    public float YarnExt;
    public float YarnAttention;
    public float YarnBetaFast;
    public float YarnBetaSlow;
    public uint YarnOriginal;
    public float DefragThreshold;
    public void* EvalCallback;
    public void* EvalData;
    public int TypeK;
    public int TypeV;
    public void* AbortCallback;
    public void* AbortData;
    public byte Embeddings;
    public byte OffloadKv;
    public byte NoPerformance;
    public byte OffloadOperations;
    public byte FullSlidingWindow;
    public byte UnifiedKv;
    public void* Samplers;
    public nuint SamplerCount;
    public void* OtherContext;
}

[StructLayout(LayoutKind.Sequential)]
unsafe struct NativeBatch
{
    public int Count;
    public int* Tokens;
    public float* Embeddings;
    public int* Positions;
    public int* SequenceCounts;
    public int** Sequences;
    public sbyte* WantsLogits;
}

/// <summary>A token the sampler may choose.</summary>
[StructLayout(LayoutKind.Sequential)]
struct Candidate
{
    public int Token;
    public float Logit;
    public float Probability;
}

[StructLayout(LayoutKind.Sequential)]
unsafe struct CandidateList
{
    public Candidate* Items;
    public nuint Count;
    public long Selected;
    public byte Sorted;
}

[StructLayout(LayoutKind.Sequential)]
unsafe struct NativeChatMessage
{
    public byte* Role;
    public byte* Content;
}
