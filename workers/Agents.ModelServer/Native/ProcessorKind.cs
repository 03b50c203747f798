namespace Agents.ModelServer.Native;

/// <summary>What of this machine's processor changes how a model is loaded.</summary>
static class ProcessorKind
{
    const string CpuInfo = "/proc/cpuinfo";

    /// <summary>
    /// The processor multiplies matrices in tiles (Intel AMX). The library lays weights out anew for that, and then ends the
    /// process on models some of whose operations it does not know in that layout; without it, it computes with AVX-512.
    /// </summary>
    public static bool HasMatrixTiles { get; } = Find();

    static bool Find()
    {
        try
        {
            return File.ReadLines(CpuInfo).FirstOrDefault(l => l.StartsWith("flags", StringComparison.Ordinal)) is { } flags
                && flags.Contains(" amx_tile", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
