using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Agents.Client.Runs;
using Agents.Engine.Grpc;
using Agents.Host.Composition;
using Agents.Host.Terminal;
using Microsoft.Extensions.Logging;


namespace Agents.Host.Verbs;

/// <summary>What every verb has: where, how to speak, and when to stop.</summary>
sealed record VerbContext
{
    public required StoreAddress Store { get; init; }

    /// <summary>Absolute path.</summary>
    public string DataDirectory => Store.DataDirectory;
    public required bool Json { get; init; }
    public required bool Verbose { get; init; }

    /// <summary>Cancelled by the first Ctrl-C or SIGTERM.</summary>
    public required CancellationToken Stop { get; init; }
    public required ILogger Log { get; init; }

    /// <summary>Where workers connect when this process hosts; null for none.</summary>
    public DurableTaskOptions? Grpc { get; init; }

    public TimeProvider Clock => MachineClock.Instance;

    public TextWriter Out => Console.Out;

    public DateTimeOffset Now => Clock.GetUtcNow();

    public void PrintJson<T>(T value, JsonTypeInfo<T> type) => Out.WriteLine(JsonSerializer.Serialize(value, type));

    /// <summary>Something a person should know that is not the answer: to the error stream.</summary>
    public void Note(string text)
    {
        if (!Json)
        {
            Console.Error.WriteLine(text);
        }
    }

    /// <summary>Opens the way to the runs and hosts them here, unless another process does.</summary>
    public async Task<Door> HostAsync()
    {
        var door = await Door.OpenAsync(Store, host: true, Environment.CurrentDirectory, Log, Stop, Grpc);
        if (Grpc is not null)
        {
            Note(door.Node?.GrpcAddress is { } address
                ? $"workers connect to {address.Authority}"
                : $"another process hosts {door.Place}: workers connect to that one, --grpc-port does nothing here");
        }

        return door;
    }

    /// <summary>Opens the way to the runs, for a verb that looks or leaves a message.</summary>
    public async Task<Door> OpenAsync()
    {
        RefuseFile();
        if (!Store.IsShared && !Directory.Exists(DataDirectory))
        {
            throw new RunFaultException(
                Faults.RunNotFound, "there is no data directory here, so there are no runs", DataDirectory,
                "go to where they were started, or give --data or AGENTS_DATA");
        }

        var door = await Door.OpenAsync(Store, host: false, Environment.CurrentDirectory, Log, Stop);
        if (!door.Remote && !door.Shared)
        {
            Note($"nobody hosts {DataDirectory}: opened it here, nothing runs meanwhile");
        }

        return door;
    }

    public void RefuseFile()
    {
        if (File.Exists(DataDirectory))
        {
            throw new RunFaultException(
                Faults.DataDirectory, "this is a file, not a data directory", DataDirectory, "give a folder with --data or AGENTS_DATA");
        }
    }
}

/// <summary>Finds the run a person means.</summary>
static class RunNames
{
    /// <summary>Full id, a unique beginning of one, or null for the newest run.</summary>
    public static async Task<RunView> FindAsync(Door door, string? name, CancellationToken cancel)
    {
        if (name is null)
        {
            var newest = await door.Runs.ListAsync(new RunFilter { PageSize = 1 }, cancel);
            return newest.Runs.Count == 1
                ? (await door.Runs.GetAsync(newest.Runs[0].Run, cancel))!
                : throw new RunFaultException(Faults.RunNotFound, "there are no runs yet", door.Place, "start one: agents run --job FILE");
        }

        if (await door.Runs.GetAsync(name, cancel) is { } exact)
        {
            return exact;
        }

        var fitting = (await door.Runs.ListAsync(new RunFilter { IdPrefix = name, PageSize = 3 }, cancel)).Runs;
        return fitting.Count switch
        {
            1 => (await door.Runs.GetAsync(fitting[0].Run, cancel))!,
            0 => throw new RunFaultException(Faults.RunNotFound, $"there is no run '{name}'", door.Place, "agents runs lists them"),
            _ => throw new RunFaultException(
                Faults.AmbiguousRun, $"'{name}' fits several runs: {string.Join(", ", fitting.Select(r => r.Run))}", null, "give more of the id"),
        };
    }
}
