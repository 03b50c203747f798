using System.CommandLine;

namespace Agents.Host.CommandLine;

/// <summary>Options every verb takes.</summary>
sealed class SharedOptions
{
    public const string DataVariable = "AGENTS_DATA";

    readonly Option<string?> _data = new("--data")
    {
        Description = $"data directory (default: ${DataVariable}, else ./.agents)", HelpName = "DIR", Recursive = true,
    };

    readonly Option<bool> _json = new("--json") { Description = "machine output on the output stream", Recursive = true };
    readonly Option<bool> _verbose = new("--verbose") { Description = "stack traces and the engine's own messages", Recursive = true };

    public void AddTo(RootCommand root)
    {
        root.Options.Add(_data);
        root.Options.Add(_json);
        root.Options.Add(_verbose);
    }

    public bool Json(ParseResult result) => result.GetValue(_json);

    public bool Verbose(ParseResult result) => result.GetValue(_verbose);

    public string DataDirectory(ParseResult result) => Path.GetFullPath(
        result.GetValue(_data) ?? Environment.GetEnvironmentVariable(DataVariable) ?? ".agents");
}
