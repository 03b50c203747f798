using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.History;
using Agents.Loop.View;

namespace Agents.Simulation.World;

/// <summary>
/// What a model call sees, as a digest: the digest of the call it continues, then what it adds. Pure: the simulated
/// model and the checker that recomputes it from history use the same words.
/// </summary>
static class ModelView
{
    public static string Digest(IReadOnlyList<SequencedEvent> events, ModelCallInput call)
    {
        var text = new StringBuilder();
        text.Append(call.Previous is { } previous ? DigestOf(events, previous) : "begin").Append('\n');
        foreach (var item in call.Appended)
        {
            text.Append(item switch
            {
                ViewItem.Stored s => $"{s.Sequence}:{TextOf(events, s.Sequence)}",
                ViewItem.UserNote n => "user:" + n.Text,
                ViewItem.ToolNote n => $"tool:{n.Message}.{n.Call}:{n.Text}",
                _ => throw new InvalidOperationException(item.GetType().Name),
            }).Append('\n');
        }

        foreach (var hidden in call.Hidden)
        {
            text.Append("hide ").Append(hidden).Append('\n');
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    static string DigestOf(IReadOnlyList<SequencedEvent> events, int taskId)
    {
        foreach (var e in events)
        {
            if (e.Event is TaskCompleted c && c.TaskScheduledId == taskId)
            {
                return JsonSerializer.Deserialize(c.Result!, ContractsJson.Default.ModelReply)!.PromptDigest!;
            }
        }

        throw new InvalidOperationException($"the model call #{taskId} that this one continues has no reply in history");
    }

    static string TextOf(IReadOnlyList<SequencedEvent> events, long sequence) => events[(int)sequence].Event switch
    {
        ExecutionStarted s => s.Input ?? "",
        TaskCompleted c => c.Result ?? "",
        EventRaised r => r.Input ?? "",
        var other => throw new InvalidOperationException($"event {sequence} is {other.GetType().Name}: nothing a model reads"),
    };
}
