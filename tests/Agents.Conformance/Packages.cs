namespace Agents.Conformance;

/// <summary>The pinned npm packages, unmodified, as package-lock.json has them.</summary>
static class Packages
{
    static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);
    static readonly Lazy<Task> s_installed = new(InstallAsync);

    /// <summary>Installs them once; a failure to do so is the failure of every test that needs them.</summary>
    public static Task InstalledAsync() => s_installed.Value;

    static async Task InstallAsync()
    {
        var lockFile = Path.Combine(Checkout.Suite, "package-lock.json");
        var stamp = Path.Combine(Checkout.Suite, "node_modules", ".installed");
        var wanted = await File.ReadAllTextAsync(lockFile);
        if (File.Exists(stamp) && await File.ReadAllTextAsync(stamp) == wanted)
        {
            return;
        }

        await Tool.RunAsync("npm", s_limit, "ci", "--ignore-scripts", "--no-audit", "--no-fund");
        await File.WriteAllTextAsync(stamp, wanted);
    }
}
