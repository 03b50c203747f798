namespace Agents.Loop.View;

/// <summary>
/// One item of the conversation. Everything that was stored once is named by its place; only what the loop itself says
/// to the model (short, and the same on every replay) is carried as text. Places are sequences of the run's own
/// execution, without a generation, so that the copies made by rewind and fork name the same items.
/// </summary>
public abstract record ViewItem
{
    /// <summary>An event: the run's input, a model's reply, a tool's result or a person's message.</summary>
    public sealed record Stored(long Sequence) : ViewItem;

    /// <summary>A user message of the loop, such as "your answer did not meet the schema".</summary>
    public sealed record UserNote(string Text) : ViewItem;

    /// <summary>Answer of the loop to a tool call that was not run, or whose run failed.</summary>
    public sealed record ToolNote(long Message, int Call, string Text) : ViewItem;
}
