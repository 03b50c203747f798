using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Agents.Tests.Tidy;

/// <summary>Who may know whom. Arrows point down, never up or sideways; docs/architecture.md has the drawing.</summary>
public sealed partial class ReferenceTests
{
    static readonly Dictionary<string, string[]> s_allowed = new()
    {
        ["Contracts"] = [],
        ["Protocol"] = ["Contracts"],
        ["Engine"] = ["Contracts"],
        ["Engine.Sqlite"] = ["Engine", "Contracts"],
        ["Engine.Postgres"] = ["Engine", "Contracts"],
        ["Cluster"] = ["Engine"],
        ["Access"] = [],
        ["Engine.Grpc"] = ["Access", "Engine", "Protocol", "Contracts"],
        ["Client"] = ["Protocol", "Contracts"],
        ["Api"] = ["Access", "Client", "Contracts"],
        ["Replay"] = ["Contracts"],
        ["Loop"] = ["Replay", "Contracts"],
        ["Inference"] = ["Contracts"],
        ["Tools"] = ["Contracts"],
        ["Worker"] = ["Loop", "Replay", "Inference", "Tools", "Client", "Contracts"],
        ["ModelServer"] = ["Inference", "Contracts"],
        ["Pool"] = ["Access", "Inference", "Contracts"],
        ["GpuWorker"] = ["Inference", "Contracts"],
        ["ModelServer.Training"] = ["ModelServer", "Tools", "Worker", "Client", "Contracts"],
    };

    /// <summary>Packages with a wall of their own: nowhere else.</summary>
    static readonly Dictionary<string, string[]> s_packages = new()
    {
        ["Microsoft.Data.Sqlite"] = ["Engine.Sqlite"],
        ["Npgsql"] = ["Engine.Postgres"],
        ["Microsoft.Orleans.Runtime"] = ["Cluster"],
        ["Microsoft.Orleans.Sdk"] = ["Cluster"],
        ["Grpc.AspNetCore.Server"] = ["Engine.Grpc"],
        ["Microsoft.AspNetCore.Authentication.JwtBearer"] = ["Access"],
        ["Dapr.Client"] = ["Pool"],
        ["ModelContextProtocol.Core"] = ["Tools"],
        ["Spectre.Console"] = ["Host"],
        ["System.CommandLine"] = ["Host"],
    };

    static IEnumerable<(string Name, XDocument Xml)> Projects() => Repository.With(".csproj")
        .Where(f => f.StartsWith("functions/", StringComparison.Ordinal) || f.StartsWith("workers/", StringComparison.Ordinal))
        .Select(f => (Path.GetFileNameWithoutExtension(f)["Agents.".Length..], XDocument.Parse(Repository.Read(f))));

    [Fact]
    public void Projects_reference_only_what_is_below_them()
    {
        var wrong = Projects().Where(p => p.Name != "Host").SelectMany(p => References(p.Xml)
            .Where(r => !s_allowed.TryGetValue(p.Name, out var allowed) || !allowed.Contains(r))
            .Select(r => $"{p.Name} -> {r}"));

        Found.Nothing(wrong);
    }

    [Fact]
    public void Nobody_references_the_host()
    {
        Assert.DoesNotContain(Projects(), p => References(p.Xml).Contains("Host"));
    }

    [Fact]
    public void Walled_packages_stay_behind_their_wall()
    {
        var wrong = Projects().SelectMany(p => p.Xml.Descendants("PackageReference").Select(r => r.Attribute("Include")!.Value)
            .Where(r => s_packages.TryGetValue(r, out var owners) && !owners.Contains(p.Name))
            .Select(r => $"{p.Name} uses {r}"));

        Found.Nothing(wrong);
    }

    [Fact]
    public void Engine_replay_and_loop_are_checked_for_determinism()
    {
        foreach (var (name, xml) in Projects().Where(p => p.Name is "Engine" or "Replay" or "Loop"))
        {
            Assert.True(xml.Descendants("DeterministicCode").Any(e => e.Value == "true"), name);
        }
    }

    [Fact]
    public void Versions_of_packages_are_central_exact_and_explained()
    {
        foreach (var (name, xml) in Projects())
        {
            Assert.DoesNotContain(xml.Descendants("PackageReference"), r => r.Attribute("Version") is not null);
        }

        var lines = Repository.Read("Directory.Packages.props").Split('\n');
        string? group = null;
        foreach (var line in lines)
        {
            group = line.Contains("<!--", StringComparison.Ordinal) && !line.Contains("PackageVersion", StringComparison.Ordinal) ? line : group;
            if (Version().Match(line) is { Success: true } m)
            {
                Assert.Matches(@"^\d+\.\d+\.\d+", m.Groups[2].Value);
                Assert.True(line.Contains("<!--", StringComparison.Ordinal) || group is not null, $"{m.Groups[1].Value} has no comment");
            }
        }
    }

    static IEnumerable<string> References(XDocument project) => project.Descendants("ProjectReference")
        .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value)["Agents.".Length..]);

    [GeneratedRegex(@"<PackageVersion Include=""([^""]+)"" Version=""([^""]+)""")]
    private static partial Regex Version();
}
