using System.Globalization;
using System.Text.Json;

namespace Agents.Loop.Calls;

/// <summary>
/// Input of the RunTool activity: which call of which message, by place. The arguments stay where the model wrote them.
/// Text form: <c>{"v":1,"m":12,"i":0}</c>.
/// </summary>
public sealed record ToolCallInput(long Message, int Call)
{
    public string ToJson() => string.Create(CultureInfo.InvariantCulture, $$"""{"v":1,"m":{{Message}},"i":{{Call}}}""");

    /// <summary>Reads the text form; throws <see cref="FormatException"/> on anything else.</summary>
    public static ToolCallInput Parse(string? text)
    {
        try
        {
            using var document = JsonDocument.Parse(text ?? "");
            var root = document.RootElement;
            return root.GetProperty("v").GetInt32() == 1
                ? new ToolCallInput(root.GetProperty("m").GetInt64(), root.GetProperty("i").GetInt32())
                : throw new FormatException("tool call input: this worker knows version 1 only");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException($"tool call input is not readable: {e.Message}", e);
        }
    }
}
