using System.Globalization;
using Agents.Client.DurableTask;
using Agents.Client.Runs;
using Agents.Host.Composition;
using Agents.Host.Terminal;
using Agents.Tools;
using Agents.Tools.Effects;
using Agents.ModelServer.Http;
using Agents.Worker;
using Agents.Worker.Connected;
using Agents.Worker.DurableTask;
using Grpc.Core;

namespace Agents.Host.Verbs;

/// <summary>agents work: does the work of runs that other processes host, until it is told to stop.</summary>
sealed record WorkVerb(IReadOnlyList<Uri> Hosts, int ActivitiesMax)
{
    /// <summary>Shown to every host; null: none is asked for.</summary>
    public string? Key { get; init; }

    public async Task<int> RunAsync(VerbContext context)
    {
        context.RefuseFile();
        Directory.CreateDirectory(context.DataDirectory);
        using var records = OpenRecords(context.DataDirectory);
        var name = string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}-{Environment.ProcessId}");
        string Socket(string kind) => Sockets.Checked(Path.Combine(
            context.DataDirectory, string.Create(CultureInfo.InvariantCulture, $"work{records.Slot}{kind}.sock")));
        var sockets = new ModelSockets(Socket(""), Socket("-embedded"), Sockets.OfPool(context.DataDirectory));
        await using var bench = new Workbench(context.Store.ToolsDirectory, sockets, context.Clock, workers: null);
        await using var scripted = await Workbench.StartScriptedAsync(sockets.Scripted, context.Stop);
        await using var embedded = await EmbeddedModel.StartAsync(sockets.Embedded, context.Clock, context.Stop);
        await Rehearsal.PlayAsync(context.Stop);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.Stop);
        var kept = new KeptExecutions();
        var connections = Hosts.Select(host => new TaskHubConnection(host, key: () => Key)).ToList();
        context.Out.WriteLine($"works for {string.Join(", ", Hosts.Select(h => h.Authority))}   (tools in {context.DataDirectory})");
        context.Out.WriteLine("Ctrl-C stops it; what it leaves goes to other workers.");
        context.Out.Flush();
        try
        {
            var working = connections.Select(hub => new ConnectedWorker(hub, bench.Worker, records, kept, context.Clock, context.Log)
            {
                ActivitiesMax = ActivitiesMax, Name = $"{name}-{records.Incarnation}",
            }.RunAsync(ended.Token)).ToList();
            var first = await Task.WhenAny(working);
            await ended.CancelAsync(); // one host refuses us for good, or we are told to stop
            await Task.WhenAll(working);
            await first;
        }
        catch (RpcException e)
        {
            throw new RunFaultException(
                Faults.NotLetIn, e.Status.Detail, "--connect", "give the host's key in AGENTS_API_KEY (docs/access.md)", e);
        }
        finally
        {
            connections.ForEach(static c => c.Dispose());
        }

        return ExitCodes.Ok;
    }

    static AttemptRecords OpenRecords(string folder)
    {
        try
        {
            return AttemptRecords.Open(folder);
        }
        catch (ToolFaultException e)
        {
            throw new RunFaultException(e.Code, e.Detail, folder, null, e);
        }
    }

    /// <summary>HOST:PORT without TLS on this machine, with TLS elsewhere; or an address that says so itself.</summary>
    public static Uri Address(string text)
    {
        var whole = text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}";
        if (!Uri.TryCreate(whole, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https")
            || address.Host.Length == 0 || address.PathAndQuery != "/")
        {
            throw new RunFaultException(
                Faults.Usage, $"'{text}' is no address of a host", "--connect", "give HOST:PORT, or http://HOST:PORT or https://HOST:PORT");
        }

        return whole == text || address.IsLoopback ? address : new UriBuilder(address) { Scheme = "https" }.Uri;
    }
}
