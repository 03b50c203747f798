using System.Text;
using Agents.Client.Jobs;
using Agents.Client.Runs;
using Agents.Host.Composition;
using Agents.Host.Terminal;

namespace Agents.Host.Verbs;

/// <summary>agents run.</summary>
sealed record RunVerb
{
    const int JobBytesMax = 1 << 20;

    public required string Job { get; init; }
    public string? Root { get; init; }
    public string? Out { get; init; }
    public string? Model { get; init; }
    public string? BaseUrl { get; init; }
    public string? ApiKeyEnv { get; init; }
    public string? Key { get; init; }
    public bool Detach { get; init; }

    public async Task<int> RunAsync(VerbContext context)
    {
        var start = await ReadAsync(context.Stop);
        var draft = Located(() => JobDraft.Parse(start.Job));
        await using var keeper = new DoorKeeper(Detach
            ? await Door.OpenAsync(context.Store, host: false, Environment.CurrentDirectory, context.Log, context.Stop)
            : await context.HostAsync());
        if (Detach && !keeper.Current.Remote && !keeper.Current.Shared)
        {
            throw new RunFaultException(
                Faults.Usage, "nobody hosts this data directory, so nobody would run the job", "--detach",
                "start a host first: agents up, or leave --detach out");
        }

        var started = await LocatedAsync(() => Detach
            ? keeper.Current.Runs.StartAsync(start, context.Stop)
            : keeper.SendAsync(context, d => d.Runs.StartAsync(start, context.Stop), host: true));
        var door = keeper.Current;
        if (Detach)
        {
            return Say(context, started.Run);
        }

        if (!door.Hosts)
        {
            context.Note($"another process hosts {context.Store.Place}: submitted {started.Run} there");
        }

        await WarnAsync(context, keeper, started.Run);
        var code = await new RunWatch(context, keeper, takeOver: true).UntilEndAsync(started.Run, draft.Name);
        await SayWhatIsLeftAsync(context, keeper.Current);
        return code;
    }

    /// <summary>Jobs that others handed to this process stand still when it leaves, and their owners may not look.</summary>
    static async Task SayWhatIsLeftAsync(VerbContext context, Door door)
    {
        if (!door.Hosts || door.Shared || context.Stop.IsCancellationRequested)
        {
            return;
        }

        var left = await door.Runs.ListAsync(
            new RunFilter { Statuses = [RunStatuses.Pending, RunStatuses.Running], PageSize = 1 }, context.Stop);
        if (left.Runs is [var one, ..])
        {
            Console.Error.WriteLine(
                $"{one.Run}{(left.Next is null ? " is" : " and others are")} unfinished, and this process hosts no longer; go on with: "
                + Commands.Resume("", door.Place).Replace("  ", " ", StringComparison.Ordinal));
        }
    }

    /// <summary>A run on a model that is going away is no fault yet; it should not come as a surprise either.</summary>
    async Task WarnAsync(VerbContext context, DoorKeeper keeper, string run)
    {
        if (BaseUrl is not null
            || (await keeper.ReadAsync(context, d => d.Runs.GetAsync(run, context.Stop), host: true))?.Model is not { } model)
        {
            return;
        }

        var shelf = ModelShelf.Open(context.DataDirectory, context.Clock);
        if (shelf.Find(model, out _) is { } profile)
        {
            foreach (var warning in shelf.Warnings(profile).Where(w => w.Code == "AG4019"))
            {
                context.Note($"{warning.Code}: {warning.Message}");
            }
        }
    }

    static int Say(VerbContext context, string run)
    {
        if (context.Json)
        {
            context.PrintJson(new CommandLineAnswer(run, "run", Accepted: true), HostJson.Plain.CommandLineAnswer);
        }
        else
        {
            context.Out.WriteLine(run);
        }

        return ExitCodes.Ok;
    }

    async Task<RunStart> ReadAsync(CancellationToken cancel)
    {
        var here = Environment.CurrentDirectory;
        return new RunStart
        {
            Job = await JobTextAsync(cancel),
            IdempotencyKey = Key,
            Overrides = new JobOverrides
            {
                BaseDirectory = Job == "-" ? here : Path.GetDirectoryName(Path.GetFullPath(Job)),
                Root = Root is null ? null : Path.GetFullPath(Root),
                Out = Out is null ? null : Path.GetFullPath(Out) + (Out.EndsWith('/') && !Path.GetFullPath(Out).EndsWith('/') ? "/" : ""),
                Model = Model,
                BaseUrl = BaseUrl,
                ApiKeyEnv = ApiKeyEnv,
            },
        };
    }

    async Task<string> JobTextAsync(CancellationToken cancel)
    {
        try
        {
            if (Job == "-")
            {
                return await Console.In.ReadToEndAsync(cancel);
            }

            if (Directory.Exists(Job))
            {
                throw new RunFaultException(Faults.JobPath, "this is a folder, not a job file", Job, "name the file in it");
            }

            // Aside, because opening a pipe waits for whoever writes into it, and Ctrl-C must not.
            var bytes = await Task.Run(ReadBounded, CancellationToken.None).WaitAsync(cancel);
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException e)
        {
            throw new RunFaultException(Faults.JobSyntax, "the job file is not UTF-8", Job, "save it as UTF-8", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunFaultException(
                Faults.JobPath, e is FileNotFoundException or DirectoryNotFoundException ? "there is no such job file" : e.Message, Job,
                "examples/reference-audit.json is one that works", e);
        }
    }

    byte[] ReadBounded()
    {
        using var file = File.OpenRead(Job);
        using var read = new MemoryStream();
        var piece = new byte[16 * 1024];
        while (file.Read(piece) is > 0 and var n)
        {
            read.Write(piece, 0, n);
            if (read.Length > JobBytesMax)
            {
                throw new RunFaultException(
                    Faults.JobPath, $"the job file is too big (at most {JobBytesMax} bytes)", Job,
                    "big inputs belong into files below the root");
            }
        }

        return read.ToArray();
    }

    T Located<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (RunFaultException e)
        {
            throw Located(e);
        }
    }

    async Task<T> LocatedAsync<T>(Func<Task<T>> start)
    {
        try
        {
            return await start();
        }
        catch (RunFaultException e) when (e.Where?.Contains("(line", StringComparison.Ordinal) == true)
        {
            throw Located(e);
        }
    }

    RunFaultException Located(RunFaultException e) => new(e.Code, e.What, $"{Job}: {e.Where}", e.WhatToDo, e);
}
