using System.Runtime.InteropServices;

namespace Agents.ModelServer.Native;

/// <summary>
/// Whether the library is the one the structs of this folder were written for. A struct that does not fit would be read
/// at wrong offsets: threads for layers, layers for pointers.
/// </summary>
static unsafe class LayoutCheck
{
    const int ScratchBytes = 1024;
    const byte Untouched = 0xCD;

    /// <summary>What does not fit, in words for an operator; null when everything does.</summary>
    public static string? Mismatch(nint library, string version, string expectedVersion)
    {
        if (version != expectedVersion)
        {
            return $"its version is {version}, and this build calls {expectedVersion}";
        }

        var (model, context) = (Llama.llama_model_default_params(), Llama.llama_context_default_params());
        return Size(library, "llama_model_default_params", sizeof(ModelParams))
            ?? Size(library, "llama_context_default_params", sizeof(ContextParams))
            ?? Unexpected(
                ("model n_gpu_layers", model.GpuLayers, -1), ("model split_mode", model.SplitMode, 1),
                ("model load_mode", model.LoadMode, -1), ("model use_extra_bufts", model.UseExtraBuffers, 1),
                ("model vocab_only", model.VocabularyOnly, 0), ("model load_mtp", model.LoadPredictionLayers, 0))
            ?? Unexpected(
                ("context n_ctx", context.Cells, 512), ("context n_batch", context.BatchMax, 2048),
                ("context n_ubatch", context.MicroBatchMax, 512), ("context n_seq_max", context.SequencesMax, 1),
                ("context flash_attn_type", context.FlashAttention, -1), ("context pooling_type", context.Pooling, -1),
                ("context type_k", context.TypeK, 1), ("context type_v", context.TypeV, 1),
                ("context offload_kqv", context.OffloadKv, 1), ("context kv_unified", context.UnifiedKv, 0),
                ("context n_samplers", (long)context.SamplerCount, 0));
    }

    static string? Unexpected(params (string Name, long Found, long Expected)[] values)
    {
        foreach (var (name, found, expected) in values)
        {
            if (found != expected)
            {
                return $"the default of {name} is {found}, and this build knows it as {expected}";
            }
        }

        return null;
    }

    /// <summary>
    /// Bytes the library itself writes when it returns the struct. On x64 a struct this large is returned through a
    /// pointer passed as a first argument, so that a buffer of ours shows how far it goes.
    /// </summary>
    static string? Size(nint library, string function, int expected)
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return null;
        }

        var scratch = stackalloc byte[ScratchBytes];
        new Span<byte>(scratch, ScratchBytes).Fill(Untouched);
        ((delegate* unmanaged[Cdecl]<byte*, void>)NativeLibrary.GetExport(library, function))(scratch);
        var written = ScratchBytes;
        while (written > 0 && scratch[written - 1] == Untouched)
        {
            written--;
        }

        // Padding at the end of a struct is not written.
        return written <= expected && written > expected - sizeof(long)
            ? null
            : $"{function} writes {written} bytes, and this build expects {expected}";
    }
}
