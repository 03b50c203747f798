namespace Agents.Conformance;

/// <summary>Places in the checkout these tests were built from.</summary>
static class Checkout
{
    public static string Root { get; } = FindRoot();

    public static string Project { get; } = Path.Combine(Root, "tests", "Agents.Conformance");

    /// <summary>The folder of the JavaScript suite.</summary>
    public static string Suite { get; } = Path.Combine(Project, "js");

    /// <summary>The executable built beside these tests, in the same configuration.</summary>
    public static string Agents => Built("Agents.Host", "agents");

    /// <summary>An executable of a project of this checkout.</summary>
    public static string Built(string project, string file)
    {
        // artifacts/bin/<project>/<configuration>/<file>
        var here = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var path = Path.Combine(here.Parent!.Parent!.FullName, project, here.Name, file);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is not built: build tests/Agents.Conformance");
    }

    static string FindRoot()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "Agents.sln")))
        {
            at = at.Parent;
        }

        return at?.FullName ?? throw new InvalidOperationException("these tests run from a checkout: Agents.sln was not found above them");
    }
}
