using System.Security.Cryptography;
using System.Text;
using Agents.Contracts.Runs;
using Agents.Tools.Files;

namespace Agents.Tools.Effects;

/// <summary>Which files are outputs of ours, so that no run takes them for input. Kept as one journal per output file.</summary>
static class OutputFiles
{
    public static string Folder(string dataDirectory) => Path.Combine(dataDirectory, "effects");

    public static string JournalOf(string dataDirectory, string realPath) => Path.Combine(
        Folder(dataDirectory),
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(realPath)))[..32] + ".jsonl");

    /// <summary>What listings leave out: the data directory, an output folder below the root, and known outputs.</summary>
    public static HiddenPlaces Hidden(ToolEnvironment environment, ConfinedFolder root, ToolSettings settings)
    {
        List<string> places = [Path.GetFullPath(environment.DataDirectory), .. Known(environment.DataDirectory)];
        if (settings.Out is { Length: > 0 } output && Directory.Exists(output))
        {
            places.Add(ConfinedFolder.Open(output, "output").Real);
        }

        places.RemoveAll(p => p == root.Real || root.Real.StartsWith(p + "/", StringComparison.Ordinal));
        return new HiddenPlaces(places);
    }

    /// <summary>Real paths of all outputs written with this data directory.</summary>
    public static IEnumerable<string> Known(string dataDirectory)
    {
        var folder = Folder(dataDirectory);
        return Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "*.jsonl").Select(ReadOutput).OfType<string>()
            : [];
    }

    static string? ReadOutput(string journal)
    {
        try
        {
            using var reader = new StreamReader(
                new FileStream(journal, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
            var line = reader.ReadLine();
            if (line is null)
            {
                return null;
            }

            using var json = System.Text.Json.JsonDocument.Parse(line);
            return json.RootElement.Text("path");
        }
        catch (Exception e) when (e is IOException or System.Text.Json.JsonException)
        {
            return null; // torn by a death at birth: it names no output yet
        }
    }
}
