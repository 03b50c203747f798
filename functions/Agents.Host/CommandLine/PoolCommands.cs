using System.CommandLine;
using System.Net;
using Agents.Client.Runs;
using Agents.Contracts.Pool;
using Agents.Contracts.Runs;
using Agents.GpuWorker;
using Agents.GpuWorker.Keeping;
using Agents.Host.Composition;
using Agents.Host.Verbs;
using Agents.ModelServer.Http;
using Agents.ModelServer.Native;
using Agents.Pool;
using Agents.Pool.Routing;

namespace Agents.Host.CommandLine;

/// <summary>agents pool and agents model-worker.</summary>
static class PoolCommands
{
    public static Command Pool(Guard guard)
    {
        var port = new Option<int>("--port") { Description = "port; 0 takes a free one", DefaultValueFactory = _ => 8100, HelpName = "PORT" };
        var address = new Option<string>("--address") { Description = "its address; not loopback needs keys and TLS", DefaultValueFactory = _ => "127.0.0.1", HelpName = "IP" };
        var certificate = new Option<string?>("--cert") { Description = "its certificate, PEM", HelpName = "FILE" };
        var key = new Option<string?>("--cert-key") { Description = "the certificate's private key, PEM", HelpName = "FILE" };
        var plaintext = new Option<bool>("--plaintext") { Description = "without TLS on any address: TLS ends before it" };
        var workerKey = new Option<string?>("--worker-key-env") { Description = "variable with the key that model servers ask for", HelpName = "VAR" };
        var dapr = new Option<string?>("--dapr") { Description = "HTTP address of Dapr's sidecar, for workers at dapr:APP-ID", HelpName = "URL" };
        var queue = new Option<int>("--queue") { Description = "requests that may wait", DefaultValueFactory = _ => new QueueBounds().RequestsMax, HelpName = "N" };
        var wait = new Option<int>("--wait") { Description = "seconds a request may wait for a worker", DefaultValueFactory = _ => 120, HelpName = "S" };
        var hedge = new Option<int?>("--hedge-after") { Description = "milliseconds of silence after which an interactive request is also sent to a second worker (default: never)", HelpName = "MS" };
        var drain = new Option<int>("--drain") { Description = "seconds that replies in work have when it stops", DefaultValueFactory = _ => 600, HelpName = "S" };
        var access = new AccessOptions();
        return Roots.Verb("pool", "Be the front door of model workers: OpenAI's HTTP, routed, bounded, failed over (docs/pool.md).", guard, (r, c) =>
        {
            var options = new PoolOptions
            {
                Port = Roots.Within("--port", r.GetValue(port), 0, 65_535),
                Address = IPAddress.TryParse(r.GetValue(address), out var ip) ? ip
                    : throw new RunFaultException(Faults.Usage, $"'{r.GetValue(address)}' is no IP address", "--address", "give the address of one network interface"),
                Certificate = AccessOptions.Certificate(r.GetValue(certificate), r.GetValue(key), "--cert and --cert-key"),
                PlaintextAnywhere = r.GetValue(plaintext),
                Access = access.Rules(r),
                WorkerKey = r.GetValue(workerKey) is { } variable ? Variable(variable, "--worker-key-env") : null,
                Dapr = r.GetValue(dapr) is { } sidecar ? Address(sidecar, "--dapr") : null,
                DaprToken = Environment.GetEnvironmentVariable("DAPR_API_TOKEN") is { Length: > 0 } token ? token : null,
                Queue = new QueueBounds { RequestsMax = Roots.Within("--queue", r.GetValue(queue), 0, 100_000) },
                WaitMax = TimeSpan.FromSeconds(Roots.Within("--wait", r.GetValue(wait), 1, 86_400)),
                HedgeAfter = r.GetValue(hedge) is { } ms ? TimeSpan.FromMilliseconds(Roots.Within("--hedge-after", ms, 1, 3_600_000)) : null,
            };
            return options.Exposure() is { } why
                ? throw new RunFaultException(
                    Faults.Exposed, why, "--address",
                    $"give --access or {AccessOptions.KeyVariable}, and --cert with --cert-key (or --plaintext, where TLS ends before this program)")
                : new PoolVerb(options, TimeSpan.FromSeconds(Roots.Within("--drain", r.GetValue(drain), 0, 86_400))).RunAsync(c);
        }, port, address, certificate, key, plaintext, access.RulesFile, workerKey, dapr, queue, wait, hedge, drain);
    }

    public static Command ModelWorker(Guard guard)
    {
        var pool = new Option<string>("--pool") { Description = "address of the pool, without /v1", Required = true, HelpName = "URL" };
        var name = new Option<string?>("--name") { Description = "names it among all workers (default: machine and process)", HelpName = "NAME" };
        var attach = new Option<string?>("--attach") { Description = "keep a server that runs already: its base address with /v1", HelpName = "URL" };
        var profile = new Option<string?>("--profile") { Description = "start the server of this model profile by its command line", HelpName = "NAME" };
        var model = new Option<string?>("--model") { Description = "serve this GGUF file in this process", HelpName = "FILE" };
        var id = new Option<string?>("--id") { Description = "with --model: the name requests call it by (default: that of the file)", HelpName = "ID" };
        var advertise = new Option<string?>("--advertise") { Description = "what the pool calls, where it is not the server's own address: a URL with /v1, or dapr:APP-ID", HelpName = "ADDRESS" };
        var poolKey = new Option<string?>("--pool-key-env") { Description = "variable with a key of the pool that opens 'model-workers'", HelpName = "VAR" };
        var serverKey = new Option<string?>("--server-key-env") { Description = "variable with the key the model server asks for", HelpName = "VAR" };
        var slots = new Option<int?>("--slots") { Description = "requests it may run at once (default: what the server says; 8 with --model)", HelpName = "N" };
        var context = new Option<int?>("--context") { Description = "tokens of all conversations together (default: what the server says; 32768 with --model)", HelpName = "TOKENS" };
        var threads = new Option<int>("--threads") { Description = "with --model: threads that compute", DefaultValueFactory = _ => ServedModelOptions.ThreadsByDefault, HelpName = "N" };
        var layers = new Option<int>("--gpu-layers") { Description = "with --model: layers on a GPU; -1 all", DefaultValueFactory = _ => -1, HelpName = "N" };
        var library = new Option<string?>("--library") { Description = $"with --model: folder with llama.cpp's libraries (default: ${ModelLibrary.FolderVariable}, else the one beside the program)", HelpName = "DIR" };
        var every = new Option<int>("--every") { Description = "milliseconds between two reports", DefaultValueFactory = _ => 1_000, HelpName = "MS" };
        var drain = new Option<int>("--drain") { Description = "seconds that requests in work have when it stops", DefaultValueFactory = _ => 600, HelpName = "S" };
        return Roots.Verb("model-worker", "Keep one model server and report it to a pool (docs/pool.md).", guard, (r, c) =>
        {
            var asked = new KeepAsked(
                r.GetValue(attach), r.GetValue(profile), r.GetValue(model), r.GetValue(id), r.GetValue(slots), r.GetValue(context),
                Roots.Within("--threads", r.GetValue(threads), 1, 1_024), Roots.Within("--gpu-layers", r.GetValue(layers), -1, 10_000), r.GetValue(library));
            return new ModelWorkerVerb(
                Address(r.GetValue(pool)!, "--pool").ToString(), r.GetValue(poolKey), r.GetValue(serverKey),
                new ModelWorkerOptions
                {
                    Name = Name(r.GetValue(name)), Address = r.GetValue(advertise), Bounds = asked.Bounds(), Server = asked.Model is null ? null : "agents",
                    Every = TimeSpan.FromMilliseconds(Roots.Within("--every", r.GetValue(every), 50, 300_000)),
                    DrainWithin = TimeSpan.FromSeconds(Roots.Within("--drain", r.GetValue(drain), 0, 86_400)),
                },
                asked.Keep).RunAsync(c);
        }, pool, name, attach, profile, model, id, advertise, poolKey, serverKey, slots, context, threads, layers, library, every, drain);
    }

    static string Name(string? given)
    {
        var name = given ?? $"{Environment.MachineName}-{Environment.ProcessId}";
        return name.Length is > 0 and <= 100 && name.All(ch => char.IsAsciiLetterOrDigit(ch) || ch is '.' or '-' or '_')
            ? name
            : throw new RunFaultException(Faults.Usage, $"'{name}' is no name of a worker", "--name", "1 to 100 letters, digits, dots, dashes and underscores");
    }

    static string Variable(string name, string option) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value
        : throw new RunFaultException(Faults.Usage, $"the variable {name} is not set", option, "set it to the key");

    static Uri Address(string text, string option) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri!
            : throw new RunFaultException(Faults.Usage, $"'{text}' is no http address", option, "give one such as http://127.0.0.1:8100");
}

/// <summary>Which model server a worker is asked to keep: exactly one of three kinds.</summary>
sealed record KeepAsked(
    string? Attach, string? Profile, string? Model, string? Id, int? Slots, int? Context, int Threads, int GpuLayers, string? Library)
{
    const int SlotsByDefault = 8;
    const int ContextByDefault = 32_768;

    public WorkerFigures Bounds() => new()
    {
        RunningMax = Slots is { } slots ? Roots.Within("--slots", slots, 1, 100_000) : Model is null ? null : SlotsByDefault,
        KvTokens = Context is { } context ? Roots.Within("--context", context, 256, int.MaxValue) : null,
    };

    public IModelServerKeep Keep(VerbContext context) => (Attach, Profile, Model) switch
    {
        ({ } address, null, null) => new AttachedServer(Base(address)),
        (null, { } name, null) => Supervised(ModelShelf.Open(context.DataDirectory, context.Clock), name, context),
        (null, null, { } file) => new EmbeddedServer(
            new ServedModelOptions
            {
                Path = file, Id = Id ?? Path.GetFileNameWithoutExtension(file), Slots = Slots ?? SlotsByDefault, Cells = Context ?? ContextByDefault,
                Threads = Threads, GpuLayers = GpuLayers,
            },
            new ModelServerOptions(), Library, context.Clock),
        _ => throw new RunFaultException(
            Faults.Usage, "exactly one model server is kept", "agents model-worker", "give one of --attach URL, --profile NAME, --model FILE"),
    };

    static SupervisedServer Supervised(ModelShelf shelf, string name, VerbContext context)
    {
        var profile = shelf.Find(name, out var near)
            ?? throw new RunFaultException(
                Faults.UnknownModel, $"there is no model profile '{name}'", "--profile",
                near.Count > 0 ? $"did you mean {string.Join(" or ", near)}?" : "agents doctor lists them");
        var serve = profile.Serve ?? throw new RunFaultException(
            Faults.Usage, $"the profile '{profile.Name}' has no command line", "--profile",
            "add \"serve\": {\"command\": [\"vllm\", \"serve\", …]} to it, or start the server yourself and give --attach");
        return new SupervisedServer(
            new SupervisedOptions
            {
                Command = [.. serve.Command.Select(part => Filled(part, profile))], BaseUrl = Base(profile.BaseUrl),
                Said = line => Console.Error.WriteLine(line),
            },
            context.Clock);
    }

    static string Filled(string part, ModelProfile profile) => part
        .Replace("{port}", new Uri(profile.BaseUrl).Port.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("{model}", profile.Model, StringComparison.Ordinal);

    static string Base(string address) => Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
        ? address.TrimEnd('/')
        : throw new RunFaultException(Faults.Usage, $"'{address}' is no http address", "--attach", "give one such as http://127.0.0.1:8000/v1");
}
