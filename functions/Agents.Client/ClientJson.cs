using System.Text.Json;
using System.Text.Json.Serialization;
using Agents.Client.Runs;
using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.History;

namespace Agents.Client;

/// <summary>JSON of what crosses the REST API and what `--json` prints.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(RunView))]
[JsonSerializable(typeof(RunPage))]
[JsonSerializable(typeof(RunStarted))]
[JsonSerializable(typeof(RunEnd))]
[JsonSerializable(typeof(HistoryPage))]
[JsonSerializable(typeof(HistoryEvent))]
[JsonSerializable(typeof(HistoryItem))]
[JsonSerializable(typeof(ArchiveOutcome))]
[JsonSerializable(typeof(CommandBody))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(QueueLimit))]
[JsonSerializable(typeof(IReadOnlyList<QueueView>))]
[JsonSerializable(typeof(IReadOnlyList<LedgerEntry>))]
public sealed partial class ClientJson : JsonSerializerContext
{
    static readonly Lazy<ClientJson> s_plain = new(() => new ClientJson(new JsonSerializerOptions(Default!.Options)
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    }));

    public static ClientJson Plain => s_plain.Value;
}

/// <summary>Body of the command endpoints; each reads its own fields.</summary>
public sealed record CommandBody
{
    public string? Reason { get; init; }
    public string? Text { get; init; }

    /// <summary>Key of the effect, or a unique beginning of it.</summary>
    public string? Key { get; init; }

    /// <summary>"happened", "did_not_happen" or "give_up".</summary>
    public string? Verdict { get; init; }

    /// <summary>happened: the tool's result; give_up: what the model reads instead.</summary>
    public string? Result { get; init; }
    public string? By { get; init; }

    /// <summary>fork: the first step that is done anew.</summary>
    public int? Step { get; init; }

    /// <summary>purge: also with effects in doubt.</summary>
    public bool Force { get; init; }
}

/// <summary>RFC 9457 problem details, with our code and the two things a person needs next.</summary>
public sealed record Problem
{
    public string Type { get; init; } = "about:blank";
    public required string Title { get; init; }
    public required int Status { get; init; }
    public string? Detail { get; init; }
    public string? Instance { get; init; }

    /// <summary>AGnnnn, docs/errors.</summary>
    public required string Code { get; init; }

    /// <summary>Field, position or header that is at fault.</summary>
    public string? Where { get; init; }
    public string? WhatToDo { get; init; }
}
