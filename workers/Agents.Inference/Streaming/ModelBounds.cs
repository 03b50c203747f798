namespace Agents.Inference.Streaming;

/// <summary>What a reply may cost us in memory. Reaching a bound fails the attempt by name, it never truncates.</summary>
public sealed record ModelBounds
{
    /// <summary>Bytes of one response on the wire; a token costs about 250 there.</summary>
    public long ResponseBytesMax { get; init; } = 128L << 20;

    /// <summary>Bytes of one line of the stream; some servers send a whole call in one.</summary>
    public int EventBytesMax { get; init; } = 8 << 20;

    /// <summary>Characters of reasoning or of content.</summary>
    public int TextCharsMax { get; init; } = 8 << 20;

    public int ToolCallsMax { get; init; } = 128;

    /// <summary>Characters of the arguments of one call.</summary>
    public int ArgumentCharsMax { get; init; } = 2 << 20;

    /// <summary>Bytes of an error answer that are read.</summary>
    public int ErrorBodyBytesMax { get; init; } = 64 << 10;
}

/// <summary>A bound was reached; caught in the client, never seen outside.</summary>
internal sealed class BoundReached(string what) : Exception(what);
