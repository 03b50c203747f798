using System.Text.Json;
using Agents.Client;
using Agents.Client.Runs;
using Agents.Contracts;
using Agents.Contracts.Transcript;
using Agents.Host.Composition;

namespace Agents.Host.Terminal;

/// <summary>The one line `run --json` ends with. Field order is part of the contract.</summary>
sealed record RunLine
{
    public required string Run { get; init; }
    public required string Status { get; init; }
    public required int Steps { get; init; }
    public required int ToolCalls { get; init; }
    public string? StopReason { get; init; }
    public string? Model { get; init; }

    /// <summary>A text, or the object where the job has an output schema.</summary>
    public JsonElement? Answer { get; init; }
    public required TokenUsage Usage { get; init; }
    public decimal? CostUsd { get; init; }
    public required long ElapsedMs { get; init; }
    public string? Detail { get; init; }
    public string? Out { get; init; }
    public string? DataDirectory { get; init; }
    public IReadOnlyList<string>? InDoubt { get; init; }
    public string? Resume { get; init; }

    public static RunLine Of(RunView view, DateTimeOffset now, string dataDirectory) => new()
    {
        Run = view.Run,
        Status = view.Status,
        Steps = view.Steps,
        ToolCalls = view.ToolCalls,
        StopReason = view.StopReason,
        Model = view.Model,
        Answer = view.Structured ?? (view.Answer is { } text
            ? JsonSerializer.SerializeToElement(text, ContractsJson.Plain.String) : null),
        Usage = view.Usage,
        CostUsd = view.CostUsd,
        ElapsedMs = (long)((view.EndedAt ?? now) - view.CreatedAt).TotalMilliseconds,
        Detail = view.Detail,
        Out = view.Out,
        DataDirectory = dataDirectory,
        InDoubt = view.InDoubt.Count == 0 ? null : [.. view.InDoubt.Select(e => e.Key)],
        Resume = RunStatuses.IsEnded(view.Status) ? null : Commands.Resume(view.Run, dataDirectory),
    };
}

/// <summary>What a failing verb prints with --json.</summary>
sealed record ErrorLine(Problem Error);

/// <summary>Answer of a verb that says something to a run.</summary>
sealed record CommandLineAnswer(string Run, string Verb, bool Accepted, string? Result = null, string? Note = null);

/// <summary>What `up --json` prints once it listens.</summary>
sealed record UpLine(string DataDirectory, string Socket, string? Address, int Process)
{
    /// <summary>Host and port of the Durable Task endpoint, where there is one.</summary>
    public string? DurableTask { get; init; }
}

/// <summary>Command lines we print for people to copy; they work from any folder.</summary>
static class Commands
{
    public static string Resume(string run, string place) => With("resume", run, place);

    /// <summary>The place is a data directory, or the address of a shared store without its password.</summary>
    public static string With(string verb, string run, string place) =>
        $"agents {verb} {run} {(StoreAddress.NamesServer(place) ? "--store" : "--data")} {Quoted(place)}";

    public static string Quoted(string text) =>
        text.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-') ? text : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
