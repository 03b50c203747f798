using System.Runtime.Intrinsics.X86;
using Agents.ModelServer.Gguf;

namespace Agents.ModelServer.Native;

/// <summary>
/// Intel's matrix unit (AMX). The library's variant for processors that have one packs weights anew at load, cannot then
/// multiply what latent attention needs (the key and value weights of Kimi K2's kind), and ends the process over it. Loaded
/// without packing such models run on the rest of the processor.
/// </summary>
static class MatrixUnit
{
    const string Variant = "libggml-cpu-sapphirerapids*";
    const string LatentKeys = ".attn_k_b.weight";

    /// <summary>True where loading <paramref name="path"/> with packed weights would end the process at its first step.</summary>
    public static bool Misses(ModelLibrary library, string path) =>
        HasMatrixUnit() && Directory.EnumerateFiles(library.Folder, Variant).Any()
        && HasLatentKeys(path);

    static bool HasLatentKeys(string path)
    {
        try
        {
            return GgufFile.Read(path).Tensors.Any(t => t.Name.EndsWith(LatentKeys, StringComparison.Ordinal));
        }
        catch (ModelServerException)
        {
            return false; // no model at all: the library says so better
        }
    }

    static bool HasMatrixUnit()
    {
        const int Leaf = 7, Tiles = 1 << 24; // of register EDX
        return X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= Leaf && (X86Base.CpuId(Leaf, 0).Edx & Tiles) != 0;
    }
}
