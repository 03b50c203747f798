using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Agents.Contracts;
using Agents.Contracts.Effects;
using Agents.Contracts.Runs;
using Agents.TestKit.Effects;
using Agents.TestKit.Models;

namespace Agents.EndToEnd.Kills;

/// <summary>
/// One run of real effects in a process of its own: lines appended to a file, and arrivals at a recorder in this process
/// that keeps every one. The model is a stateless server here that reads from the request how far the run has come.
/// </summary>
public sealed partial class KillCampaign : IAsyncDisposable
{
    public const int Effects = 8;
    const int RunEndsWithin = 60_000;

    readonly string _folder = Directory.CreateTempSubdirectory("agents-kill-").FullName;
    readonly FakeModelServer _model;
    int _runs;

    KillCampaign(EffectRecorder recorder, FakeModelServer model)
    {
        Recorder = recorder;
        _model = model;
        _model.Otherwise = Next;
    }

    public EffectRecorder Recorder { get; }

    public static async Task<KillCampaign> StartAsync(CancellationToken cancel) =>
        new(await EffectRecorder.StartAsync(), await FakeModelServer.StartAsync(cancel));

    /// <summary>A fresh data directory, output folder and run id.</summary>
    public KilledRun NewRun(bool withProbe = true)
    {
        var name = $"run{++_runs}";
        var folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        var output = Directory.CreateDirectory(Path.Combine(folder, "out")).FullName;
        var input = Path.Combine(folder, "input.json");
        File.WriteAllText(input, JsonSerializer.Serialize(Input(output, withProbe), ContractsJson.Default.RunInput));
        return new KilledRun(name, Path.Combine(folder, "data"), output, input);
    }

    /// <summary>Hosts the run until it ends or dies; null: it was killed.</summary>
    public static async Task<HostedEnd?> HostAsync(
        KilledRun run, string? crash, CancellationToken cancel, bool withoutLedger = false, Task? killWhen = null)
    {
        var start = new ProcessStartInfo(Programs.CrashHost, [run.Data, run.Id, run.Input])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["AGENTS_CRASH"] = crash ?? "";
        start.Environment["AGENTS_NO_LEDGER"] = withoutLedger ? "1" : "";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(cancel);
        var errors = process.StandardError.ReadToEndAsync(cancel);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(RunEndsWithin);
        try
        {
            if (killWhen is not null && await Task.WhenAny(killWhen, process.WaitForExitAsync(limit.Token)) == killWhen)
            {
                process.Kill();
            }

            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException($"{run.Id} did not end within {RunEndsWithin} ms: {await output} {await errors}");
        }

        const int Sigkill = 128 + 9;
        return process.ExitCode switch
        {
            0 => JsonSerializer.Deserialize<HostedEnd>((await output).Trim(), JsonSerializerOptions.Web),
            Sigkill => null,
            _ => throw new InvalidOperationException($"exit code {process.ExitCode}: {await errors}"),
        };
    }

    public async ValueTask DisposeAsync()
    {
        await _model.DisposeAsync();
        await Recorder.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>As many effects as there are, a recorded one and an appended line in turn, then the answer.</summary>
    static FakeReply Next(CapturedRequest request)
    {
        var done = ToolRole().Count(request.Body);
        return done >= Effects ? FakeReply.Answer($"{done} effects")
            : done % 2 == 0 ? FakeReply.Calls(("record", $$"""{"n":{{done}}}"""))
            : FakeReply.Calls(("append", $$"""{"path":"lines.txt","line":"effect {{done}}"}"""));
    }

    RunInput Input(string output, bool withProbe) => new()
    {
        Name = "kill",
        Goal = "have effects",
        Model = new ModelProfile { Name = "fake", BaseUrl = _model.BaseUrl, Model = "fake" },
        Tools = [Named("record"), Named("append")],
        ToolSettings = new ToolSettings
        {
            Root = output,
            Out = output,
            HttpAllow = [Recorder.HostAndPort],
            HttpTools = new Dictionary<string, HttpToolSettings>
            {
                ["record"] = new HttpToolSettings
                {
                    Url = $"{Recorder.Address}/effects/record",
                    ProbeUrl = withProbe ? $"{Recorder.Address}/effects/{{key}}" : null,
                },
            },
        },
    };

    static ToolSpec Named(string name) => new()
    {
        Name = name, Parameters = JsonSerializer.SerializeToElement(new { type = "object" }), Effect = EffectClass.AtMostOnce,
    };

    [GeneratedRegex("\"role\"\\s*:\\s*\"tool\"")]
    private static partial Regex ToolRole();
}

/// <summary>Where a run that is to be killed lives.</summary>
public sealed record KilledRun(string Id, string Data, string Output, string Input)
{
    public string Lines => File.Exists(Path.Combine(Output, "lines.txt")) ? File.ReadAllText(Path.Combine(Output, "lines.txt")) : "";
}

/// <summary>What the crash host printed at the end.</summary>
public sealed record HostedEnd(string Status, string? Parked, int InDoubt, string? Output, IReadOnlyList<string> Breaches);
