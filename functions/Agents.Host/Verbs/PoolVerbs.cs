using Agents.Client.Runs;
using Agents.GpuWorker;
using Agents.GpuWorker.Probing;
using Agents.Host.Composition;
using Agents.Host.Terminal;
using Agents.Inference.Streaming;
using Agents.Pool;
using Agents.Pool.Http;

namespace Agents.Host.Verbs;

/// <summary>What agents pool prints with --json.</summary>
sealed record PoolLine(string Address, string Pool, int Process);

/// <summary>One line of agents model-worker with --json: a change of state.</summary>
sealed record WorkerLine(string Worker, string Said, int Process)
{
    /// <summary>Base address of the model server.</summary>
    public string? Address { get; init; }
}

/// <summary>agents pool: the front door of the model workers, until it is told to stop.</summary>
sealed record PoolVerb(PoolOptions Options, TimeSpan DrainWithin)
{
    public Task<int> RunAsync(VerbContext context) => PoolFaults.TellAsync(async () =>
    {
        await using var pool = await PoolServer.StartAsync(Options, context.Clock, context.Stop);
        if (context.Json)
        {
            context.PrintJson(new PoolLine(pool.Address!, pool.View().Pool, Environment.ProcessId), HostJson.Plain.PoolLine);
        }
        else
        {
            context.Out.WriteLine($"pool     {pool.Address}/v1   {(Options.Access.AskForNothing ? "asks for no key" : "asks for keys")}");
            context.Out.WriteLine($"workers  agents model-worker --pool {pool.Address} --attach http://127.0.0.1:8000/v1");
            context.Out.WriteLine($"look     {pool.Address}/pool/workers, {pool.Address}/metrics");
        }

        context.Out.Flush();
        await Task.WhenAny(Task.Delay(Timeout.InfiniteTimeSpan, context.Clock, context.Stop));
        if (!await pool.DrainAsync(DrainWithin, context.Clock))
        {
            context.Note($"replies that had not ended after {DrainWithin.TotalSeconds:0} s are broken off");
        }

        return ExitCodes.Ok;
    });
}

/// <summary>agents model-worker: keeps one model server and reports it to a pool, until it is told to stop; then it drains.</summary>
sealed record ModelWorkerVerb(string Pool, string? PoolKeyEnv, string? ServerKeyEnv, ModelWorkerOptions Options, Func<VerbContext, IModelServerKeep> Keep)
{
    public Task<int> RunAsync(VerbContext context) => PoolFaults.TellAsync(async () =>
    {
        await using var keep = Keep(context);
        if (keep is EmbeddedServer)
        {
            await keep.StartAsync(context.Stop); // its address is known only then
        }

        using var transport = new ModelTransport();
        using var probe = new ServerProbe(transport.For(new Uri(keep.BaseUrl)), keep.BaseUrl, Variable(ServerKeyEnv, "--server-key-env"), context.Clock);
        using var desk = new PoolDesk(transport.For(new Uri(Pool)), Pool, Variable(PoolKeyEnv, "--pool-key-env"), context.Clock);
        var worker = new ModelWorker(Options with { Said = said => Say(context, said, keep.BaseUrl) }, keep, probe, desk, context.Clock);
        await worker.RunAsync(context.Stop, CancellationToken.None);
        Say(context, "left", keep.BaseUrl);
        return ExitCodes.Ok;
    });

    void Say(VerbContext context, string said, string address)
    {
        if (context.Json)
        {
            context.PrintJson(new WorkerLine(Options.Name, said, Environment.ProcessId) { Address = address }, HostJson.Plain.WorkerLine);
        }
        else
        {
            context.Out.WriteLine($"{context.Now.ToLocalTime():HH:mm:ss} {Options.Name}: {said}");
        }

        context.Out.Flush();
    }

    static string? Variable(string? name, string option) => name is null ? null
        : Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value
        : throw new RunFaultException(Faults.Usage, $"the variable {name} is not set", option, "set it to the key");
}

/// <summary>Turns faults of pool and worker into those of the command line.</summary>
static class PoolFaults
{
    public static async Task<int> TellAsync(Func<Task<int>> act)
    {
        try
        {
            return await act();
        }
        catch (PoolException e)
        {
            throw new RunFaultException(e.Code, e.What, null, e.WhatToDo, e);
        }
        catch (GpuWorkerException e)
        {
            throw new RunFaultException(e.Code, e.What, null, e.WhatToDo, e);
        }
        catch (ModelServer.ModelServerException e)
        {
            throw new RunFaultException(e.Code, e.What, null, e.WhatToDo, e);
        }
    }
}
