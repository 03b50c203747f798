// A worker and a client in one process. Address: the first argument, else http://127.0.0.1:4001.
// Kill this process or the server while it runs and start it again with the same id: it goes on where it was.

using System.Text.Json;
using Agents.Client.DurableTask;
using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Replay;
using Agents.Worker.DurableTask;

var address = new Uri(args.ElementAtOrDefault(0) ?? "http://127.0.0.1:4001");
var id = new InstanceId(args.ElementAtOrDefault(1) ?? $"order-{TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()}");
using var hub = new TaskHubConnection(address);
using var stop = new CancellationTokenSource();

var worker = new DurableTaskWorker(
    hub.Work,
    new OrchestratorHost([new OrchestratorRegistration("order", null, OrderAsync)]),
    new Dictionary<string, ActivityCode>
    {
        ["reserve"] = (item, _) => Task.FromResult<string?>(JsonSerializer.Serialize($"{JsonSerializer.Deserialize<string>(item!)} reserved")),
        ["ship"] = (items, _) => Task.FromResult<string?>(JsonSerializer.Serialize($"{JsonDocument.Parse(items!).RootElement.GetArrayLength()} parcels on their way")),
    },
    TimeProvider.System);
var working = worker.RunAsync(stop.Token);

if (await hub.Instances.GetAsync(id, withPayloads: false, stop.Token) is null)
{
    await hub.Instances.StartAsync(new StartRequest { Id = id, Name = "order", Input = """["book","lamp","chair"]""" }, stop.Token);
    Console.WriteLine($"started {id}");
}

await hub.Instances.RaiseAsync(id, "approval", "true", stop.Token);
var ended = await hub.Instances.WaitForEndAsync(id, stop.Token);
Console.WriteLine($"{id}: {ended!.Output ?? ended.Failure?.Text}");
await stop.CancelAsync();
await working;
return ended.Status == OrchestrationStatus.Completed ? 0 : 1;

static async Task<string?> OrderAsync(OrchestrationContext context)
{
    var items = context.GetInput<string[]>()!;
    var reserved = new List<string>();
    foreach (var item in items)
    {
        reserved.Add(await context.CallActivityAsync<string>("reserve", item));
        context.SetCustomStatus($"{reserved.Count} of {items.Length}");
    }

    await context.CreateTimer(TimeSpan.FromSeconds(1));
    var approved = await context.WaitForExternalEvent<bool>("approval");
    return JsonSerializer.Serialize(approved ? await context.CallActivityAsync<string>("ship", reserved) : "not approved");
}
