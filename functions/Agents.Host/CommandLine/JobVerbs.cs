using System.CommandLine;
using Agents.Host.Verbs;

namespace Agents.Host.CommandLine;

/// <summary>The verbs that take a job, and resume.</summary>
static class JobVerbs
{
    static Option<string> Job() => new("--job") { Description = "job file, docs/job-file.md; - reads the input stream", Required = true, HelpName = "FILE" };

    static Option<string?> Text(string name, string description, string help) => new(name) { Description = description, HelpName = help };

    static Option<string?> Root() => Text("--root", "folder the tools see, instead of the job's", "DIR");

    static Option<string?> Model() => Text("--model", "model profile, instead of the job's; with --base-url the server's model id", "NAME");

    static Option<string?> BaseUrl() => Text("--base-url", "any OpenAI-compatible server, version segment included", "URL");

    static Option<string?> KeyVariable() => Text("--api-key-env", "variable that holds the server's key", "VAR");

    public static Command Run(Guard guard)
    {
        var workers = new AccessOptions();
        var (job, root, model, address, variable) = (Job(), Root(), Model(), BaseUrl(), KeyVariable());
        var output = Text("--out", "output file; a folder when it ends in / (default: out/RUN/ in the data directory)", "FILE");
        var key = Text("--key", "idempotency key: the same key and job are the same run", "KEY");
        var detach = new Option<bool>("--detach") { Description = "hand the job to the process that hosts, and return" };
        return Roots.Verb("run", "Start a job and watch it; hosts the data directory unless another process does.", guard,
            (r, c) => new RunVerb
            {
                Job = r.GetValue(job)!, Root = r.GetValue(root), Out = r.GetValue(output), Model = r.GetValue(model),
                BaseUrl = r.GetValue(address), ApiKeyEnv = r.GetValue(variable), Key = r.GetValue(key), Detach = r.GetValue(detach),
            }.RunAsync(c with { Grpc = workers.Endpoint(r) }),
            [job, root, output, model, address, variable, key, detach, .. workers.All]);
    }

    public static Command Resume(Guard guard)
    {
        var run = new Argument<string?>("RUN")
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description = "lift this run's pause, or let it try again when parked; without it everything unfinished goes on and nothing is lifted",
        };
        var workers = new AccessOptions();
        return Roots.Verb("resume", "Host what is unfinished and wait for it.", guard,
            (r, c) => new ResumeVerb(r.GetValue(run)).RunAsync(c with { Grpc = workers.Endpoint(r) }), [run, .. workers.All]);
    }

    public static Command Prove(Guard guard)
    {
        var (job, root, model, address, variable) = (Job(), Root(), Model(), BaseUrl(), KeyVariable());
        var kills = new Option<int>("--kills") { Description = "how often the process is killed", DefaultValueFactory = _ => 10, HelpName = "N" };
        var seed = new Option<int?>("--seed") { Description = "seed of the moments", HelpName = "S" };
        var keep = new Option<bool>("--keep") { Description = "keep both data directories and say where" };
        return Roots.Verb("prove", "Run a job unharmed and again with its process killed; count what the world saw.", guard,
            (r, c) => new ProveVerb
            {
                Job = r.GetValue(job)!, Kills = Roots.Within("--kills", r.GetValue(kills), 1, 1000), Seed = r.GetValue(seed), Keep = r.GetValue(keep),
                Passed =
                [
                    .. Passed("--root", r.GetValue(root) is { } folder ? Path.GetFullPath(folder) : null),
                    .. Passed("--model", r.GetValue(model)), .. Passed("--base-url", r.GetValue(address)),
                    .. Passed("--api-key-env", r.GetValue(variable)),
                ],
            }.RunAsync(c),
            job, root, model, address, variable, kills, seed, keep);
    }

    static IEnumerable<string> Passed(string name, string? value) => value is null ? [] : [name, value];
}
