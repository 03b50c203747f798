using System.CommandLine;
using Agents.Client.Runs;
using Agents.Contracts.Effects;
using Agents.Host.Composition;
using Agents.Host.Terminal;
using Agents.Host.Verbs;

namespace Agents.Host.CommandLine;

/// <summary>Runs a verb with errors and signals taken care of.</summary>
delegate Task<int> Guard(ParseResult result, Func<VerbContext, Task<int>> act);

/// <summary>The verbs and what they take. No verb does anything in here.</summary>
static class Roots
{
    public static RootCommand Build(SharedOptions shared, Guard guard)
    {
        var root = new RootCommand($"Durable runs of language-model agents.\n\n{ExitCodes.Help}");
        shared.AddTo(root);
        Command[] verbs =
        [
            JobVerbs.Run(guard), JobVerbs.Resume(guard), JobVerbs.Prove(guard),
            Runs(guard), Show(guard), Watch(guard), History(guard), Replay(guard),
            Cancel(guard), Pause(guard), Steer(guard), Resolve(guard),
            Fork(guard), Rewind(guard), Restart(guard), Purge(guard), Retention(guard), QueueOptions.Queues(guard),
            Up(guard), Serve(guard), Work(guard), ModelCommands.Model(guard), PoolCommands.Pool(guard), PoolCommands.ModelWorker(guard), Doctor(guard), Functions(guard),
        ];
        foreach (var verb in verbs)
        {
            root.Subcommands.Add(verb);
        }

        return root;
    }

    public static Command Verb(string name, string description, Guard guard, Func<ParseResult, VerbContext, Task<int>> act, params Symbol[] takes)
    {
        var verb = new Command(name, description);
        foreach (var symbol in takes)
        {
            if (symbol is Argument argument)
            {
                verb.Arguments.Add(argument);
            }
            else if (symbol is Option option)
            {
                verb.Options.Add(option);
            }
        }

        verb.SetAction((result, _) => guard(result, context => act(result, context)));
        return verb;
    }

    static int? Generation(int? given) => given is { } g ? Within("--generation", g, 0, int.MaxValue) : null;

    public static int Within(string option, int value, int least, int most) => value >= least && value <= most
        ? value
        : throw new RunFaultException(
            Faults.Usage, $"{value} is out of bounds", option,
            most == int.MaxValue ? $"give {least} or more" : $"give a number from {least} to {most}");

    static Argument<string?> MaybeRun() => new("RUN")
    {
        Arity = ArgumentArity.ZeroOrOne, Description = "id of the run or a unique beginning of it; the newest when left out",
    };

    static Argument<string> TheRun() => new("RUN") { Description = "id of the run or a unique beginning of it" };

    static Option<string?> Reason() => new("--reason") { Description = "kept in the history", HelpName = "TEXT" };

    static Command Runs(Guard guard)
    {
        var status = new Option<string[]>("--status")
        {
            Description = $"only these: {string.Join(", ", RunStatuses.All)}", AllowMultipleArgumentsPerToken = true, HelpName = "STATUS",
        };
        var name = new Option<string?>("--name") { Description = "only runs of this job", HelpName = "JOB" };
        var count = new Option<int>("--count") { Description = "how many", DefaultValueFactory = _ => 20, HelpName = "N" };
        return Verb("runs", "List runs, newest first.", guard,
            (r, c) => LookVerbs.RunsAsync(c, r.GetValue(status) ?? [], r.GetValue(name), Within("--count", r.GetValue(count), 1, 1000)),
            status, name, count);
    }

    static Command Show(Guard guard)
    {
        var run = MaybeRun();
        return Verb("show", "Show how a run stands.", guard, (r, c) => LookVerbs.ShowAsync(c, r.GetValue(run)), run);
    }

    static Command Watch(Guard guard)
    {
        var run = MaybeRun();
        return Verb("watch", "Watch a run that another process hosts. With --json: one stream event a line.", guard,
            (r, c) => LookVerbs.WatchAsync(c, r.GetValue(run)), run);
    }

    static Command History(Guard guard)
    {
        var run = MaybeRun();
        var generation = new Option<int?>("--generation") { Description = "which execution; the current one when left out", HelpName = "N" };
        return Verb("history", "Print a run's history, one event a line.", guard,
            (r, c) => LookVerbs.HistoryAsync(c, r.GetValue(run), Generation(r.GetValue(generation))), run, generation);
    }

    static Command Replay(Guard guard)
    {
        var run = MaybeRun();
        var generation = new Option<int?>("--generation") { Description = "which execution; the current one when left out", HelpName = "N" };
        return Verb("replay", "Run the orchestrator again on a run's history, offline, and report the first divergence.", guard,
            (r, c) => new ReplayVerb(r.GetValue(run), Generation(r.GetValue(generation))).RunAsync(c), run, generation);
    }

    static Command Cancel(Guard guard)
    {
        var (run, reason) = (TheRun(), Reason());
        return Verb("cancel", "End a run; reaches a model call in flight.", guard,
            (r, c) => CommandVerbs.SendAsync(c, "cancel", r.GetValue(run)!, new RunCommand.Cancel(r.GetValue(reason)), "cancelled"), run, reason);
    }

    static Command Pause(Guard guard)
    {
        var (run, reason) = (TheRun(), Reason());
        return Verb("pause", "Start nothing new; what is in flight finishes.", guard,
            (r, c) => CommandVerbs.SendAsync(c, "pause", r.GetValue(run)!, new RunCommand.Pause(r.GetValue(reason)), "paused"), run, reason);
    }

    static Command Steer(Guard guard)
    {
        var run = TheRun();
        var text = new Argument<string>("TEXT") { Description = "what the model reads at its next step" };
        return Verb("steer", "Say something to a run; it lands at the next step.", guard,
            (r, c) => CommandVerbs.SendAsync(c, "steer", r.GetValue(run)!, new RunCommand.Steer(r.GetValue(text)!), "said"), run, text);
    }

    static Command Resolve(Guard guard)
    {
        var run = TheRun();
        var key = new Option<string>("--key") { Description = "key of the effect in doubt, or its beginning (agents show)", Required = true, HelpName = "KEY" };
        var happened = new Option<string?>("--happened") { Description = "it happened; RESULT is the tool's result", HelpName = "RESULT" };
        var not = new Option<bool>("--did-not-happen") { Description = "it did not happen: run it" };
        var give = new Option<string?>("--give-up") { Description = "do not run it; TEXT is what the model reads", HelpName = "TEXT" };
        return Verb("resolve", "Decide an effect in doubt.", guard,
            (r, c) => CommandVerbs.SendAsync(
                c, "resolve", r.GetValue(run)!,
                Decision(r.GetValue(key)!, r.GetValue(happened), r.GetValue(not), r.GetValue(give)), "decided"),
            run, key, happened, not, give);
    }

    static RunCommand.Resolve Decision(string key, string? happened, bool not, string? give)
    {
        var by = Environment.UserName;
        return (happened, not, give) switch
        {
            ({ } result, false, null) => new RunCommand.Resolve(key, EffectVerdict.Happened, result, by),
            (null, true, null) => new RunCommand.Resolve(key, EffectVerdict.DidNotHappen, null, by),
            (null, false, { } text) => new RunCommand.Resolve(key, EffectVerdict.GiveUp, text, by),
            _ => throw new RunFaultException(
                Faults.Usage, "say exactly one thing of the effect", "agents resolve", "--happened RESULT, --did-not-happen or --give-up TEXT"),
        };
    }

    static Command Fork(Guard guard)
    {
        var run = TheRun();
        var at = new Option<int>("--at") { Description = "first step that is done anew", Required = true, HelpName = "STEP" };
        return Verb("fork", "A new run that shares the history before a step.", guard,
            (r, c) => CommandVerbs.ArchiveAsync(
                c, "fork", r.GetValue(run)!, ForkAt(Within("--at", r.GetValue(at), 1, int.MaxValue), c.Stop), o => $"forked: {o.Run}"),
            run, at);
    }

    static Func<IRunArchive, string, Task<ArchiveOutcome>> ForkAt(int step, CancellationToken cancel) =>
        (archive, run) => archive.ForkAsync(run, step, cancel);

    static Command Rewind(Guard guard)
    {
        var run = TheRun();
        return Verb("rewind", "Take a failed run back before what made it fail.", guard,
            (r, c) => CommandVerbs.ArchiveAsync(c, "rewind", r.GetValue(run)!, (a, id) => a.RewindAsync(id, c.Stop), _ => "rewound"), run);
    }

    static Command Restart(Guard guard)
    {
        var run = TheRun();
        return Verb("restart", "The same job as a new run.", guard,
            (r, c) => CommandVerbs.ArchiveAsync(c, "restart", r.GetValue(run)!, (a, id) => a.RestartAsync(id, c.Stop), o => $"restarted: {o.Run}"), run);
    }

    static Command Purge(Guard guard)
    {
        var run = TheRun();
        var force = new Option<bool>("--force") { Description = "also with effects in doubt" };
        return Verb("purge", "Remove an ended run and its history.", guard,
            (r, c) => CommandVerbs.ArchiveAsync(c, "purge", r.GetValue(run)!, (a, id) => a.PurgeAsync(id, r.GetValue(force), c.Stop), _ => "purged"),
            run, force);
    }

    static Command Retention(Guard guard)
    {
        var keep = new KeepOptions();
        var remove = new Option<bool>("--remove") { Description = "remove them; without it nothing is changed" };
        var count = new Option<int>("--count") { Description = "how many runs at most", DefaultValueFactory = _ => 100, HelpName = "N" };
        return Verb("retention", "Say which ended runs' time is over, or remove them with their children.", guard,
            (r, c) => new RetentionVerb(keep.Policy(r), r.GetValue(remove), Within("--count", r.GetValue(count), 1, 100_000)).RunAsync(c),
            [.. keep.All, remove, count]);
    }

    static Command Up(Guard guard)
    {
        var port = new Option<int>("--port") { Description = "loopback port of the API", DefaultValueFactory = _ => 7070, HelpName = "PORT" };
        var root = new Option<string?>("--root") { Description = "folder that jobs sent over TCP stay below (default: here)", HelpName = "DIR" };
        var access = new AccessOptions();
        var keep = new KeepOptions();
        var local = new Option<string?>("--local-model")
        {
            Description = $"serve this GGUF file as the model 'local' (default: ${LocalModels.FileVariable})", HelpName = "FILE",
        };
        return Verb("up", "Host the data directory: every role in one process, and the HTTP API.", guard,
            (r, c) => new UpVerb(r.GetValue(port), r.GetValue(root)) 
                {
                    Access = access.Rules(r), Grpc = access.Endpoint(r),
                    LocalModel = r.GetValue(local) is { } file ? Path.GetFullPath(file) : LocalModels.FileOfEnvironment,
                }.RunAsync(keep.AddTo(c, r)),
            [port, root, local, .. access.All, .. keep.All]);
    }

    static Command Serve(Guard guard)
    {
        const int Default = 7070;
        var cluster = new ClusterOptions();
        var keep = new KeepOptions();
        var port = new Option<int?>("--port", "--http-port")
        {
            Description = $"loopback port of the API (default: {Default}; none beside --grpc-port)", HelpName = "PORT",
        };
        var access = new AccessOptions();
        var root = new Option<string?>("--root") { Description = "folder that jobs sent over TCP stay below (default: here)", HelpName = "DIR" };
        return Verb("serve", "Be a node: host the runs of a store, beside other nodes where --store is PostgreSQL.", guard,
            (r, c) => access.Endpoint(r) is { } grpc
                ? new UpVerb(r.GetValue(port), r.GetValue(root)) { Grpc = grpc, Access = grpc.Access }.RunAsync(keep.AddTo(cluster.AddTo(c, r), r))
                : new UpVerb(r.GetValue(port) ?? Default, r.GetValue(root)) { Access = access.Rules(r) }.RunAsync(keep.AddTo(cluster.AddTo(c, r), r)),
            [port, root, .. access.All, .. cluster.All, .. keep.All]);
    }

    static Command Work(Guard guard)
    {
        var connect = new Option<string[]>("--connect")
        {
            Description = "a process that hands out the work of its runs (--work-elsewhere); every node of a cluster", Required = true,
            AllowMultipleArgumentsPerToken = true, HelpName = "HOST:PORT",
        };
        var activities = new Option<int>("--activities")
        {
            Description = "model and tool calls at once, for each host", DefaultValueFactory = _ => 256, HelpName = "N",
        };
        return Verb("work", "Do the work of runs that other processes host: the loop, model calls, tools.", guard,
            (r, c) => new WorkVerb([.. r.GetValue(connect)!.Select(WorkVerb.Address)], Within("--activities", r.GetValue(activities), 1, 10_000))
            {
                Key = Environment.GetEnvironmentVariable(AccessOptions.KeyVariable),
            }.RunAsync(c),
            connect, activities);
    }

    static Command Doctor(Guard guard)
    {
        var model = new Option<string?>("--model") { Description = "also see whether this model answers", HelpName = "NAME" };
        var verify = new Option<string?>("--verify-model") { Description = "instead measure how well this model calls tools, on a fixed set of requests", HelpName = "NAME" };
        var baseUrl = new Option<string?>("--base-url") { Description = "with --verify-model: the model of that name at this address", HelpName = "URL" };
        var key = new Option<string?>("--api-key-env") { Description = "with --base-url: variable that holds the key", HelpName = "VAR" };
        var rounds = new Option<int>("--rounds") { Description = "with --verify-model: how often each request is made", DefaultValueFactory = _ => 1, HelpName = "N" };
        return Verb("doctor", "Look at what runs need: runtime, disk, data directory, models.", guard,
            (r, c) => r.GetValue(verify) is { } name
                ? new VerifyModelVerb(name, r.GetValue(baseUrl), r.GetValue(key), Within("--rounds", r.GetValue(rounds), 1, 100)).RunAsync(c)
                : new DoctorVerb(r.GetValue(model)).RunAsync(c),
            model, verify, baseUrl, key, rounds);
    }

    static Command Functions(Guard guard)
    {
        var verb = Verb("functions", "Azure Functions custom handler.", guard, (_, _) => throw new RunFaultException(
            Faults.NotBuilt, "the Azure Functions custom handler is not built yet", "agents functions", "use agents up and its HTTP API"));
        verb.Hidden = true;
        return verb;
    }
}
