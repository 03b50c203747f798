namespace Agents.Bench.Machine;

/// <summary>Folders of the repository this bench was built from.</summary>
static class Checkout
{
    public static string Root { get; } = Find();

    /// <summary>Scratch space; on the same disk as the checkout, so that syncs are real.</summary>
    public static string Scratch => Directory.CreateDirectory(Path.Combine(Root, "artifacts", "bench")).FullName;

    public static string Results => Directory.CreateDirectory(Path.Combine(Root, "bench", "results")).FullName;

    public static string Peers => Path.Combine(Root, "bench", "peers");

    static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Agents.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException(
            $"No Agents.sln above {AppContext.BaseDirectory}: run the bench from inside a checkout, by ./dev bench");
    }
}
