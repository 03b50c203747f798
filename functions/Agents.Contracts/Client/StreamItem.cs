using System.Globalization;
using Agents.Contracts.History;

namespace Agents.Contracts.Client;

/// <summary>
/// A place in a run's stream, fixed when first shown: generation, then after which history event, then which delta row
/// behind it (0 is the event itself), then the character inside. Text form "g.s.d.c"; ordered.
/// </summary>
public readonly record struct StreamOffset(int Generation, long Sequence, int Delta, int Character) : IComparable<StreamOffset>
{
    public int CompareTo(StreamOffset other) =>
        (Generation, Sequence, Delta, Character).CompareTo((other.Generation, other.Sequence, other.Delta, other.Character));

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Generation}.{Sequence}.{Delta}.{Character}");

    public static bool TryParse(string? text, out StreamOffset offset)
    {
        offset = default;
        var parts = text?.Split('.');
        if (parts is not { Length: 4 }
            || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var g)
            || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var s)
            || !int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var d)
            || !int.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out var c))
        {
            return false;
        }

        offset = new StreamOffset(g, s, d, c);
        return true;
    }
}

/// <summary>
/// One committed item of a stream: a history event, a piece of text an attempt generated before its message was
/// committed, or the retraction of such an attempt.
/// </summary>
public abstract record StreamItem(StreamOffset Offset)
{
    /// <summary>
    /// A committed history event (the offset's Delta is 0). <paramref name="Shown"/>: for the result of a task whose
    /// text was streamed, the characters of each kind that earlier delta items already gave; the rest is new here.
    /// </summary>
    public sealed record Event(StreamOffset Offset, HistoryEvent History, IReadOnlyDictionary<string, int>? Shown = null)
        : StreamItem(Offset);

    /// <summary>Text of task <paramref name="TaskId"/>, attempt <paramref name="Attempt"/>; kind "reasoning", "content" or "tool_call".</summary>
    public sealed record Delta(StreamOffset Offset, int TaskId, int Attempt, string Kind, string Text) : StreamItem(Offset);

    /// <summary>Deltas of this attempt are void.</summary>
    public sealed record Retract(StreamOffset Offset, int TaskId, int Attempt) : StreamItem(Offset);
}
