using Agents.Client.Runs;

namespace Agents.Client.Jobs;

/// <summary>Where a job's output was asked to go: tried before the run starts, because hours later is too late.</summary>
static class OutputPlace
{
    /// <summary>Makes the folder, writes into it and takes that away again; throws what a person can act on.</summary>
    public static void RefuseUnusable(string folder, string? file)
    {
        try
        {
            Directory.CreateDirectory(folder);
            if (file is not null && File.Exists(Path.Combine(folder, file)))
            {
                using var existing = File.OpenHandle(Path.Combine(folder, file), FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                return;
            }

            var probe = Path.Combine(folder, $".agents-{Guid.NewGuid():N}");
            File.OpenHandle(probe, FileMode.CreateNew, FileAccess.Write).Dispose();
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunFaultException(
                Faults.JobPath, $"nothing can be written to '{(file is null ? folder : Path.Combine(folder, file))}': {e.Message}", "--out",
                "give a file or folder this user may write", e);
        }
    }
}
