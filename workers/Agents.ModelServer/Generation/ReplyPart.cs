namespace Agents.ModelServer.Generation;

/// <summary>A piece of a reply, in the order the model said it.</summary>
public abstract record ReplyPart
{
    ReplyPart()
    {
    }

    public sealed record Reasoning(string Text) : ReplyPart;

    public sealed record Content(string Text) : ReplyPart;

    /// <summary>A tool call begins. Its id counts over the whole conversation.</summary>
    public sealed record CallBegin(int Index, string Id, string Name) : ReplyPart;

    public sealed record CallArguments(int Index, string Text) : ReplyPart;
}
