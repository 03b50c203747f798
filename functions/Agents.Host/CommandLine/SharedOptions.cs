using System.CommandLine;
using Agents.Client.Runs;
using Agents.Engine.Postgres;
using Agents.Host.Composition;

namespace Agents.Host.CommandLine;

/// <summary>Options every verb takes.</summary>
sealed class SharedOptions
{
    public const string DataVariable = "AGENTS_DATA";
    public const string SharedVariable = "AGENTS_SHARED";
    const string DefaultDirectory = ".agents";

    readonly Option<string?> _data = new("--data")
    {
        Description = $"data directory (default: ${DataVariable}, else ./.agents)", HelpName = "DIR", Recursive = true,
    };

    readonly Option<string?> _store = new("--store")
    {
        Description = $"runs of a shared store: postgres://USER@HOST:PORT/DATABASE, or a data directory (default: ${StoreAddress.Variable})",
        HelpName = "URL", Recursive = true,
    };

    readonly Option<string?> _shared = new("--shared")
    {
        Description = $"with --store URL: folder that every node sees (default: ${SharedVariable}, else ./.agents/shared)",
        HelpName = "DIR", Recursive = true,
    };

    readonly Option<bool> _json = new("--json") { Description = "machine output on the output stream", Recursive = true };
    readonly Option<bool> _verbose = new("--verbose") { Description = "stack traces and the engine's own messages", Recursive = true };

    public void AddTo(RootCommand root)
    {
        root.Options.Add(_data);
        root.Options.Add(_store);
        root.Options.Add(_shared);
        root.Options.Add(_json);
        root.Options.Add(_verbose);
    }

    public bool Json(ParseResult result) => result.GetValue(_json);

    public bool Verbose(ParseResult result) => result.GetValue(_verbose);

    /// <summary>--store wins over --data, both over their variables.</summary>
    public StoreAddress Store(ParseResult result)
    {
        var data = result.GetValue(_data);
        var store = result.GetValue(_store);
        if (store is null && data is null && Environment.GetEnvironmentVariable(StoreAddress.Variable) is { Length: > 0 } variable)
        {
            store = variable;
        }

        if (store is not null && !StoreAddress.NamesServer(store))
        {
            return data is null
                ? new StoreAddress(Path.GetFullPath(store), null)
                : throw new RunFaultException(
                    Faults.Usage, "two data directories are given", "--store and --data", "leave one of them out");
        }

        data ??= Environment.GetEnvironmentVariable(DataVariable);
        return store is null
            ? new StoreAddress(Path.GetFullPath(data ?? DefaultDirectory), null)
            : new StoreAddress(Path.GetFullPath(data ?? Path.Combine(DefaultDirectory, "node")), PostgresOptions.For(store))
            {
                HasOwnFolder = data is not null,
                SharedDirectory = Path.GetFullPath(
                    result.GetValue(_shared) ?? Environment.GetEnvironmentVariable(SharedVariable) ?? Path.Combine(DefaultDirectory, "shared")),
            };
    }
}
