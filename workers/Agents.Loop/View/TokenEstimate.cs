using System.Text;
using System.Text.Json;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;

namespace Agents.Loop.View;

/// <summary>
/// Guess of the tokens a text costs, used only for what the last reported usage does not cover yet. Three bytes of
/// UTF-8 a token is on the high side for prose and about right for JSON and code, so the window is met from below.
/// </summary>
static class TokenEstimate
{
    const int BytesPerToken = 3;
    const int PerMessage = 8;

    public static long Of(string? text) =>
        text is null ? 0 : PerMessage + ((Encoding.UTF8.GetByteCount(text) + BytesPerToken - 1) / BytesPerToken);

    public static long Of(RunInput input) =>
        Of(input.System) + Of(input.Goal)
        + input.Tools.Sum(t => Of(t.Description) + Of(JsonSerializer.Serialize(t.Parameters, Contracts.ContractsJson.Default.JsonElement)));

    public static long Of(ModelReply reply, bool withReasoning) =>
        Of(reply.Content) + (withReasoning ? Of(reply.Reasoning) : 0)
        + reply.ToolCalls.Sum(c => Of(c.Name) + Of(c.Arguments));
}
