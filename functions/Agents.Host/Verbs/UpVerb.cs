using System.Globalization;
using Agents.Access;
using Agents.Client.Runs;
using Agents.Engine.Grpc;
using Agents.Engine.Sqlite;
using Agents.Host.Composition;
using Agents.Host.Terminal;

namespace Agents.Host.Verbs;

/// <summary>agents up and agents serve: every role in this process until it is told to stop.</summary>
sealed record UpVerb(int? Port, string? Root)
{
    /// <summary>The Durable Task endpoint; null for none.</summary>
    public DurableTaskOptions? Grpc { get; init; }

    /// <summary>GGUF file that is served as the model "local"; null for none.</summary>
    public string? LocalModel { get; init; } = LocalModels.FileOfEnvironment;

    /// <summary>Who may come in over the network.</summary>
    public AccessRules Access { get; init; } = new();

    public async Task<int> RunAsync(VerbContext context)
    {
        if (Port is < 0 or > 65_535 || Grpc?.Port is < 0 or > 65_535)
        {
            var (wrong, name) = Port is < 0 or > 65_535 ? (Port, "--port") : (Grpc!.Port, "--grpc-port");
            throw new RunFaultException(Faults.Usage, $"{wrong} is not a port", name, "give a number from 1 to 65535; 0 takes a free one");
        }

        context = WithFolder(context);
        if (await Sockets.AnswersAsync(Sockets.OfHost(context.DataDirectory), context.Stop))
        {
            throw new RunFaultException(
                Faults.DataDirectoryBusy, SqliteStore.HolderOf(context.DataDirectory) is { } process
                    ? $"process {process} hosts this data directory already"
                    : "another process hosts this data directory already", context.DataDirectory,
                "use that one, stop it, or give another --data");
        }

        var root = Path.GetFullPath(Root ?? ".");
        await using var node = await OpenAsync(context, root);
        if (context.Json)
        {
            context.PrintJson(
                new UpLine(context.Store.Place, Sockets.OfHost(context.DataDirectory), node.Address?.ToString(), Environment.ProcessId)
                {
                    DurableTask = node.GrpcAddress?.Authority,
                },
                HostJson.Plain.UpLine);
        }
        else
        {
            Say(context, node, root);
        }

        context.Out.Flush();

        var stopped = Task.Delay(Timeout.InfiniteTimeSpan, context.Clock, context.Stop);
        if (await Task.WhenAny(stopped, node.DeclaredDead) == node.DeclaredDead)
        {
            throw Door.Coded(new InvalidOperationException(await node.DeclaredDead), Faults.Unavailable, context.Store.Place);
        }

        return ExitCodes.Ok;
    }

    static void Say(VerbContext context, Node node, string root)
    {
        if (context.Store.IsShared)
        {
            context.Out.WriteLine($"store           {context.Store.Place}");
        }

        context.Out.WriteLine($"data directory  {context.DataDirectory}");
        if (node.GrpcAddress is { } grpc)
        {
            context.Out.WriteLine($"Durable Task    {grpc.Authority}   (gRPC, HTTP/2 {(grpc.Scheme == "https" ? "with" : "without")} TLS)");
        }

        foreach (var worker in node.Pool?.Workers ?? [])
        {
            context.Out.WriteLine($"model           local   ({worker.Server}, {Figures.Count(worker.ContextTokens)} tokens a conversation; agents run --model local)");
        }

        if (node.Address is { } api)
        {
            context.Out.WriteLine($"API             {api}api/v1/runs   (also on {Sockets.OfHost(context.DataDirectory)})");
            context.Out.WriteLine($"description     {api}openapi/v1.json");
            context.Out.WriteLine($"folders         jobs sent over TCP stay below {root}");
        }

        context.Out.WriteLine("Ctrl-C stops hosting; unfinished runs go on with the next start.");
    }

    /// <summary>Nodes beside each other on one machine need nothing but their ports.</summary>
    VerbContext WithFolder(VerbContext context) => context.Store is { IsShared: true, HasOwnFolder: false } store
        ? context with
        {
            Store = store with
            {
                DataDirectory = $"{store.DataDirectory}-{((Port ?? Grpc?.Port) is > 0 and { } port ? port : Environment.ProcessId).ToString(CultureInfo.InvariantCulture)}",
            },
        }
        : context;

    async Task<Node> OpenAsync(VerbContext context, string root)
    {
        try
        {
            return await Node.OpenAsync(
                new NodeOptions
                {
                    Store = context.Store, Root = root, Port = Port, Log = context.Log, Grpc = Grpc, Access = Access,
                    LocalModel = LocalModel,
                },
                context.Stop);
        }
        catch (Engine.Sqlite.DataDirectoryInUseException e)
        {
            throw Door.Coded(e, Faults.DataDirectoryBusy, context.DataDirectory);
        }
        catch (Engine.Store.StoreUnavailableException e)
        {
            throw Door.Coded(e, Faults.DataDirectory, context.Store.Place);
        }
    }
}
