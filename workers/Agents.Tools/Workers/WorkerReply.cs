using System.Text.Json;
using Agents.Contracts.Effects;
using Agents.Contracts.Runs;
using Agents.Contracts.Work;

namespace Agents.Tools.Workers;

/// <summary>What a worker's answer means for the model, and for the ledger.</summary>
static class WorkerReply
{
    /// <summary>Error type by which a worker says that it cannot tell whether it acted.</summary>
    public const string InDoubt = "InDoubt";

    public static ToolOutcome Read(WorkerAnswer answer, ToolSpec spec, ActivityTool activity) => answer switch
    {
        WorkerAnswer.Completed done => new ToolOutcome.Answer(Plain(done.Result)),
        WorkerAnswer.NotStarted => new ToolOutcome.NotStarted("no worker had it, and it may not begin any more"),
        WorkerAnswer.Lost lost => spec.Effect == EffectClass.AtMostOnce
            ? new ToolOutcome.Ambiguous(lost.Why)
            : new ToolOutcome.Fault(ToolErrors.TimedOut, lost.Why, Retriable: true),
        WorkerAnswer.Failed { Failure: var failure } when failure.ErrorType == InDoubt && spec.Effect == EffectClass.AtMostOnce =>
            new ToolOutcome.Ambiguous($"activity '{activity.Name}' cannot tell whether it acted: {failure.ErrorMessage}"),
        WorkerAnswer.Failed { Failure: { IsNonRetriable: false } failure } when activity.Retry =>
            new ToolOutcome.Fault(ToolErrors.ActivityFailed, $"activity '{activity.Name}' failed: {failure.ErrorMessage}", Retriable: true),
        WorkerAnswer.Failed { Failure: var failure } =>
            new ToolOutcome.Refusal($"The tool '{spec.Name}' failed: {failure.ErrorMessage}"),
        _ => throw new InvalidOperationException($"unknown answer {answer.GetType().Name}"),
    };

    /// <summary>The probe's result is {"happened": true, "result": …} or {"happened": false, "fences": true or false}.</summary>
    public static ProbeOutcome ReadProbe(WorkerAnswer answer, string probe)
    {
        if (answer is not WorkerAnswer.Completed { Result: { } text })
        {
            return new ProbeOutcome.Unknown(answer is WorkerAnswer.Failed { Failure: var failure }
                ? $"the probe '{probe}' failed: {failure.ErrorMessage}"
                : $"the probe '{probe}' gave no answer");
        }

        try
        {
            using var json = JsonDocument.Parse(text);
            var root = json.RootElement;
            return root.GetProperty("happened").GetBoolean()
                ? new ProbeOutcome.Happened(
                    root.TryGetProperty("result", out var result) ? Plain(result.GetRawText()) : "", $"activity {probe}")
                : new ProbeOutcome.Absent(
                    $"activity {probe}", root.TryGetProperty("fences", out var fences) && fences.ValueKind == JsonValueKind.True);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return new ProbeOutcome.Unknown($"the probe '{probe}' answered something without \"happened\": true or false");
        }
    }

    /// <summary>A text reads as itself; anything else as its JSON.</summary>
    public static string Plain(string? result)
    {
        if (string.IsNullOrEmpty(result))
        {
            return "null";
        }

        if (result[0] != '"')
        {
            return result;
        }

        try
        {
            using var json = JsonDocument.Parse(result);
            return json.RootElement.GetString() ?? result;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return result; // what an SDK did not write as JSON is text
        }
    }
}
