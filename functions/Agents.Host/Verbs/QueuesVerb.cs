using System.Globalization;
using Agents.Client;
using Agents.Client.Runs;
using Agents.Contracts.Client;
using Agents.Host.Terminal;

namespace Agents.Host.Verbs;

/// <summary>agents queues: who is in the queues of activities; with a name and bounds, how many may be at once and how fast.</summary>
sealed record QueuesVerb(QueueLimit? Set, string? Hub)
{
    public async Task<int> RunAsync(VerbContext context)
    {
        if (Set?.Flaw() is { } flaw)
        {
            throw new RunFaultException(Faults.Usage, $"'{Set.Queue}' cannot be bounded so", "agents queues", $"give {flaw}");
        }

        await using var door = await context.OpenAsync();
        var client = await door.QueuesAsync(Hub, context.Stop);
        if (Set is not null)
        {
            await client.SetQueueAsync(Set, context.Stop);
        }

        var queues = await client.ListQueuesAsync(context.Stop);
        if (context.Json)
        {
            context.PrintJson(queues, ClientJson.Plain.IReadOnlyListQueueView);
            return ExitCodes.Ok;
        }

        foreach (var queue in queues)
        {
            context.Out.WriteLine($"{queue.Limit.Queue}  {Bounds(queue.Limit)}  {Figures.Count(queue.Held)} run, {Waiting(queue, context.Now)}");
        }

        if (queues.Count == 0)
        {
            context.Note("no queue has a bound");
        }

        return ExitCodes.Ok;
    }

    static string Bounds(QueueLimit limit) => string.Join(", ", new[]
    {
        limit.Concurrency is { } atOnce ? $"{Figures.Count(atOnce)} at once" : null,
        limit.PerKey is { } key ? $"{Figures.Count(key)} of a key" : null,
        limit.RateCount is { } rate ? $"{Figures.Count(rate)} in {limit.RatePer.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture)} s" : null,
    }.OfType<string>());

    static string Waiting(QueueView queue, DateTimeOffset now) => queue.WaitingSince is { } since
        ? $"{Figures.Count(queue.Waiting)} wait, the first for {Figures.Time(now - since)}"
        : "none wait";
}
