using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.CrashHost;
using Agents.Loop;
using Agents.TestKit.Cluster;

if (args is ["node", ..])
{
    // crash-host node STORE DATA SHARED: a node on a shared store until it is ended; says on its output what it met.
    return await NodeHost.RunAsync(args[1], args[2], args[3]);
}

// crash-host DATA RUN INPUT.json: hosts one run on a data directory until it ends, or until it can only wait for a
// person, and prints one JSON line. AGENTS_CRASH="Point:n" kills it on the way; AGENTS_NO_LEDGER=1 makes it believe that
// an effect without a receipt never happened, which the kill tests must notice. crash-host cluster-node URL SCHEMA WORLD is
// one node of a cluster.
if (args is [ClusterChild.Verb, var url, var schema, var world])
{
    return await ClusterChild.RunAsync(url, schema, world);
}

var (data, run, inputFile) = (args[0], args[1], args[2]);
var input = JsonSerializer.Deserialize(await File.ReadAllTextAsync(inputFile), ContractsJson.Default.RunInput)
    ?? throw new InvalidDataException($"{inputFile}: not a run input");
await using var host = await Host.OpenAsync(data);
var pinned = input with { Tools = await host.ResolveAsync(input) };
await host.Client.StartAsync(
    new StartRequest
    {
        Id = new InstanceId(run),
        Name = AgentRun.Name,
        Version = AgentRun.Version,
        Input = JsonSerializer.Serialize(pinned, ContractsJson.Plain.RunInput),
    },
    CancellationToken.None);
var view = await host.EndOrDoubtAsync(new InstanceId(run));
Console.WriteLine(JsonSerializer.Serialize(new
{
    status = view.Status.ToString(),
    parked = view.Parked,
    inDoubt = view.InDoubt,
    output = view.Output,
    breaches = await host.Client.VerifyStoreAsync(CancellationToken.None),
}));
return 0;
