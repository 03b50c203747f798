namespace Agents.EndToEnd;

/// <summary>Executables built beside these tests.</summary>
static class Programs
{
    public static string CrashHost { get; } = Beside("Agents.CrashHost", "Agents.CrashHost");

    public static string Agents { get; } = Beside("Agents.Host", "agents");

    // artifacts/bin/<project>/<configuration>/<file>: the same configuration as this assembly.
    static string Beside(string project, string file)
    {
        var here = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var path = Path.Combine(here.Parent!.Parent!.FullName, project, here.Name, file);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is not built: build tests/Agents.EndToEnd");
    }
}
