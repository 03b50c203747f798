using System.Net.Http.Json;
using System.Runtime.InteropServices;
using Agents.Api;
using Agents.Client.Jobs;
using Agents.Client.Remote;
using Agents.Client.Runs;
using Agents.Contracts.Runs;
using Agents.Engine.Postgres;
using Agents.Engine.Sqlite;
using Agents.Engine.Store;
using Agents.Host.Composition;
using Agents.Host.Terminal;
using Spectre.Console;

namespace Agents.Host.Verbs;

/// <summary>One thing looked at. Level is "ok", "note" or "bad".</summary>
sealed record Finding(string Level, string Subject, string Text);

sealed record DoctorReport(bool Healthy, IReadOnlyList<Finding> Findings);

/// <summary>agents doctor: looks at what a run needs and says what is wrong. Changes nothing it would not make anyway.</summary>
sealed record DoctorVerb(string? Model)
{
    const long FreeBytesMin = 1L << 30;
    static readonly TimeSpan s_reach = TimeSpan.FromSeconds(5);

    public async Task<int> RunAsync(VerbContext context)
    {
        var findings = new List<Finding> { Runtime(), Disk(context.DataDirectory) };
        findings.AddRange(context.Store.IsShared ? await StoreAsync(context) : await DataDirectoryAsync(context));
        if (context.Store.IsShared && await Sockets.AnswersAsync(Sockets.OfHost(context.DataDirectory), context.Stop))
        {
            findings.AddRange(await HostAsync(context));
        }

        var shelf = Profiles(context, findings);
        if (shelf is not null)
        {
            findings.Add(Library());
            findings.AddRange(Models(shelf));
            findings.Add(await ReachAsync(shelf, context));
            if (Model is { } name && shelf.Find(name, out _) is { Pool: true } pool && !pool.BaseUrl.Contains(".invalid", StringComparison.Ordinal))
            {
                findings.AddRange(await DoctorModels.WorkersOfAsync(pool, context.Stop));
            }
        }

        var report = new DoctorReport(findings.All(f => f.Level != "bad"), findings);
        if (context.Json)
        {
            context.PrintJson(report, HostJson.Plain.DoctorReport);
        }
        else
        {
            Print(report);
        }

        return report.Healthy ? ExitCodes.Ok : ExitCodes.Failed;
    }

    static void Print(DoctorReport report)
    {
        foreach (var finding in report.Findings)
        {
            var mark = finding.Level switch { "ok" => "[green]ok  [/]", "note" => "[yellow]note[/]", _ => "[red]bad [/]" };
            AnsiConsole.MarkupLine($"{mark} [bold]{Markup.Escape(finding.Subject)}[/] {Markup.Escape(finding.Text)}");
        }
    }

    static Finding Runtime() => new(
        "ok", "runtime", $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.RuntimeIdentifier}, agents {Node.Version}");

    static Finding Disk(string dataDirectory)
    {
        var at = dataDirectory;
        while (!Directory.Exists(at))
        {
            at = Path.GetDirectoryName(at)!;
        }

        var free = new DriveInfo(at).AvailableFreeSpace;
        return new Finding(
            free >= FreeBytesMin ? "ok" : "bad", "disk", $"{Figures.Count(free >> 20)} MiB free under {at}"
            + (free >= FreeBytesMin ? "" : $"; keep at least {FreeBytesMin >> 20} MiB, or give another --data"));
    }

    static async Task<IReadOnlyList<Finding>> StoreAsync(VerbContext context)
    {
        try
        {
            var (health, durability, hosted) = await context.Store.ExamineAsync(context.Log, context.Stop);
            var oldest = health.OldestOpen is { } at ? $", the oldest since {at:u}" : "";
            return
            [
                new Finding("ok", "store", $"{context.Store.Place}, server {durability.ServerVersion}, {Figures.Count(health.Bytes >> 20)} MiB"),
                new Finding(
                    durability.Holds ? "ok" : "bad", "store",
                    $"fsync {durability.Fsync}, synchronous_commit {durability.SynchronousCommit}, full_page_writes {durability.FullPageWrites}"
                    + (durability.Holds ? "" : "; AG1116: a loss of power may take what was acknowledged")),
                TablesOf(health),
                new Finding(hosted ? "ok" : "note", "nodes", hosted ? "at work" : "none is at work; agents serve starts one"),
                new Finding(
                    health.Parked == 0 ? "ok" : "note", "runs",
                    $"{Figures.Count(health.Open)} open{oldest}; {Figures.Count(health.Parked)} set aside"),
                new Finding(
                    health.Stuck == 0 ? "ok" : "bad", "runs",
                    $"{Figures.Count(health.Stuck)} without owner, due time or anything to wait for"),
            ];
        }
        catch (StoreUnavailableException e)
        {
            return [new Finding("bad", "store", e.Message)];
        }
    }

    /// <summary>The largest tables, and how much of them is dead rows and free space, which is used again but not given back.</summary>
    static Finding TablesOf(StoreHealth health)
    {
        const long WorthANote = 256L << 20;
        var largest = health.Tables.Take(4).Select(t => $"{t.Name} {Size(t.Bytes)}");
        var (slack, heap) = (health.Tables.Sum(t => t.SlackBytes ?? 0), health.Tables.Sum(t => t.SlackBytes is null ? 0 : t.HeapBytes));
        var share = heap == 0 ? 0 : 100 * slack / heap;
        return new Finding(
            slack > WorthANote && share > 50 ? "note" : "ok", "tables",
            $"{string.Join(", ", largest)}; bloat about {Size(slack)} ({share} % of the heaps), {Figures.Count(health.Tables.Sum(t => t.DeadRows))} dead rows"
            + (slack > WorthANote && share > 50 ? "; it is used again, and VACUUM FULL gives it back while nothing runs" : ""));
    }

    static string Size(long bytes) => bytes < 10L << 20 ? $"{Figures.Count(bytes >> 10)} KiB" : $"{Figures.Count(bytes >> 20)} MiB";

    static async Task<IReadOnlyList<Finding>> DataDirectoryAsync(VerbContext context)
    {
        var path = context.DataDirectory;
        if (!Directory.Exists(path))
        {
            for (var at = path; at is not null && !Directory.Exists(at); at = Path.GetDirectoryName(at))
            {
                if (File.Exists(at))
                {
                    return [new Finding("bad", "data directory", $"AG6041: {path} cannot be made: {at} is a file; give another --data")];
                }
            }

            return [new Finding("ok", "data directory", $"{path} is not there yet; the first run makes it")];
        }

        try
        {
            if (await Sockets.AnswersAsync(Sockets.OfHost(path), context.Stop))
            {
                return [new Finding("ok", "data directory", $"{path} is hosted by another process, which answers on its socket"), .. await HostAsync(context)];
            }

            await using var store = SqliteStore.Open(path, new SqliteOptions(), MachineClock.Instance);
            var breaches = await store.Admin.VerifyAsync(context.Stop);
            return breaches.Count == 0
                ? [new Finding("ok", "data directory", $"{path} is writable, nobody hosts it, and what it holds is sound")]
                : [.. breaches.Select(b => new Finding("bad", "data directory", b))];
        }
        catch (Exception e) when (e is StoreUnavailableException or DataDirectoryInUseException or RunFaultException)
        {
            return [new Finding("bad", "data directory", e.Message)];
        }
    }

    /// <summary>What the process that hosts this folder says of itself.</summary>
    static async Task<IReadOnlyList<Finding>> HostAsync(VerbContext context)
    {
        using var api = HttpApi.OnSocket(Sockets.OfHost(context.DataDirectory));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/healthz");
        try
        {
            using var answer = await api.SendAsync(request, context.Stop);
            var health = await answer.Content.ReadFromJsonAsync(ApiJson.Default.HealthView, context.Stop);
            var workers = await DoctorModels.WorkersAsync(api, context.Stop);
            return [.. (health?.Warnings ?? []).Select(warning => new Finding("note", "workers", warning)), .. workers];
        }
        catch (RunFaultException e)
        {
            return [new Finding("bad", "host", e.Message)];
        }
    }

    /// <summary>What agents model serve computes with; nothing else needs it.</summary>
    static Finding Library()
    {
        try
        {
            var library = ModelServer.Native.ModelLibrary.Load();
            return new Finding(
                "ok", "model server",
                $"llama.cpp {library.Version} on {string.Join(", ", library.Devices.Select(d => $"{d.Name} ({d.Description}{(d.IsGpu ? $", {d.MemoryBytes >> 20} MiB" : "")})"))}");
        }
        catch (ModelServer.ModelServerException e)
        {
            return new Finding("note", "model server", e.Message);
        }
    }

    static ModelShelf? Profiles(VerbContext context, List<Finding> findings)
    {
        try
        {
            return ModelShelf.Open(context.DataDirectory, context.Clock);
        }
        catch (Inference.Profiles.ProfileException e)
        {
            findings.AddRange(e.Problems.Select(p => new Finding("bad", "profile", p)));
            return null;
        }
    }

    static IEnumerable<Finding> Models(ModelShelf shelf) => shelf.All.SelectMany(p => shelf.Warnings(p) is { Count: > 0 } warnings
        ? warnings.Select(w => new Finding("note", $"model {p.Name}", $"{w.Code}: {w.Message}"))
        : [new Finding("ok", $"model {p.Name}", IsOurs(p) ? $"is served by the program itself. {p.Note}" : $"{p.Model} at {p.BaseUrl}")]);

    static bool IsOurs(ModelProfile profile) => profile.BaseUrl.Contains(".invalid", StringComparison.Ordinal);

    async Task<Finding> ReachAsync(ModelShelf shelf, VerbContext context)
    {
        var name = Model ?? JobReader.DefaultModel;
        if (shelf.Find(name, out var near) is not { } profile)
        {
            return new Finding("bad", $"model {name}", near.Count > 0 ? $"AG4018: no such model; did you mean {string.Join(" or ", near)}?" : "AG4018: no such model");
        }

        return IsOurs(profile)
            ? new Finding("ok", $"model {name}", "is served by the program itself")
            : await ReachAsync(profile, context.Stop);
    }

    static async Task<Finding> ReachAsync(ModelProfile profile, CancellationToken cancel)
    {
        using var http = new HttpClient { Timeout = s_reach };
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, profile.BaseUrl.TrimEnd('/') + "/models");
            if (profile.ApiKeyEnv is { } variable && Environment.GetEnvironmentVariable(variable) is { Length: > 0 } key)
            {
                request.Headers.Authorization = new("Bearer", key);
            }

            using var answer = await http.SendAsync(request, cancel);
            return (int)answer.StatusCode switch
            {
                < 300 or 404 => new Finding("ok", $"model {profile.Name}", $"{profile.BaseUrl} answers"),
                401 or 403 => new Finding("bad", $"model {profile.Name}", $"{profile.BaseUrl} refuses the key in {profile.ApiKeyEnv}"),
                var code => new Finding("bad", $"model {profile.Name}", $"{profile.BaseUrl} answers {code}"),
            };
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or UriFormatException or InvalidOperationException)
        {
            return new Finding("bad", $"model {profile.Name}", $"{profile.BaseUrl} cannot be reached: {e.Message}");
        }
    }
}
