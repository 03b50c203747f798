using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using Agents.Client.Runs;
using Agents.Contracts.Client;
using Agents.Host.Verbs;

namespace Agents.Host.CommandLine;

/// <summary>agents queues and its bounds.</summary>
static partial class QueueOptions
{
    public static Command Queues(Guard guard)
    {
        var name = new Argument<string?>("QUEUE") { Arity = ArgumentArity.ZeroOrOne, Description = "queue to bound anew; all are listed when left out" };
        var atOnce = new Option<int?>("--concurrency") { Description = "activities at once on all nodes", HelpName = "N" };
        var perKey = new Option<int?>("--per-key") { Description = "activities of one key at once", HelpName = "N" };
        var rate = new Option<string?>("--rate") { Description = "how many may begin: 60/1m, 10/1s, 1000/1h", HelpName = "N/TIME" };
        var free = new Option<bool>("--free") { Description = "take its bounds away" };
        var hub = new Option<string?>("--hub") { Description = "task hub whose queues are meant (default: the store itself)", HelpName = "NAME" };
        return Roots.Verb("queues", "List queues of activities, or bound one.", guard,
            (r, c) => new QueuesVerb(
                Limit(r.GetValue(name), r.GetValue(atOnce), r.GetValue(perKey), r.GetValue(rate), r.GetValue(free)), r.GetValue(hub)).RunAsync(c),
            name, atOnce, perKey, rate, free, hub);
    }

    static QueueLimit? Limit(string? queue, int? atOnce, int? perKey, string? rate, bool free)
    {
        var bounds = atOnce is not null || perKey is not null || rate is not null;
        if (queue is null && !bounds && !free)
        {
            return null;
        }

        if (queue is null || bounds == free)
        {
            throw new RunFaultException(
                Faults.Usage, "a bound needs a queue and a queue a bound", "agents queues",
                "agents queues QUEUE with --concurrency, --per-key and --rate, or with --free");
        }

        var (count, per) = Rate(rate);
        return new QueueLimit(queue) { Concurrency = atOnce, PerKey = perKey, RateCount = count, RatePer = per };
    }

    static (int? Count, TimeSpan Per) Rate(string? text)
    {
        if (text is null)
        {
            return (null, TimeSpan.Zero);
        }

        var match = Written().Match(text);
        if (!match.Success)
        {
            throw new RunFaultException(Faults.Usage, $"'{text}' is no rate", "--rate", "a number, / and a time: 60/1m, 10/1s, 1000/1h");
        }

        var number = int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture);
        return (int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture), match.Groups[3].Value switch
        {
            "h" => TimeSpan.FromHours(number),
            "m" => TimeSpan.FromMinutes(number),
            _ => TimeSpan.FromSeconds(number),
        });
    }

    [GeneratedRegex(@"\A([0-9]{1,6})/([0-9]{1,5})([smh])\z")]
    private static partial Regex Written();
}
