using System.Text.Json;
using System.Text.Json.Nodes;

namespace Agents.Contracts.Runs;

/// <summary>External events a run listens to.</summary>
public static class RunEvents
{
    /// <summary>A message from a person that joins the conversation at the next step boundary.</summary>
    public const string Steer = "steer";

    /// <summary>Payload of a <see cref="Steer"/> event: {"text": "…"}.</summary>
    public static string SteerPayload(string text) => new JsonObject { ["text"] = text }.ToJsonString();

    /// <summary>
    /// Text of a steer payload: the "text" of an object, a JSON string, or (raised by hand) the payload as it is.
    /// Null when it says nothing.
    /// </summary>
    public static string? SteerText(string? payload)
    {
        if (string.IsNullOrWhiteSpace(payload))
        {
            return null;
        }

        var text = payload;
        try
        {
            using var document = JsonDocument.Parse(payload);
            text = document.RootElement switch
            {
                { ValueKind: JsonValueKind.String } s => s.GetString(),
                { ValueKind: JsonValueKind.Object } o when o.TryGetProperty("text", out var t)
                    && t.ValueKind == JsonValueKind.String => t.GetString(),
                _ => payload,
            };
        }
        catch (JsonException)
        {
            // Not JSON: a person raised plain text, which is exactly what the model should read.
        }

        return string.IsNullOrWhiteSpace(text) ? null : text;
    }
}
