using System.Globalization;

namespace Agents.Contracts.History;

/// <summary>
/// Points at an item of the conversation without repeating it: generation of the instance, sequence of the event in
/// that generation, and part of its payload (0 unless an event holds several items). Text form: "generation.sequence"
/// or "generation.sequence.part".
/// </summary>
public readonly record struct EventReference(int Generation, long Sequence, int Part = 0)
{
    public override string ToString() => Part == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{Generation}.{Sequence}")
        : string.Create(CultureInfo.InvariantCulture, $"{Generation}.{Sequence}.{Part}");

    /// <summary>Reads the text form; throws <see cref="FormatException"/> on anything else.</summary>
    public static EventReference Parse(string text)
    {
        var parts = text.Split('.');
        return parts.Length is 2 or 3
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var generation)
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var sequence)
            && int.TryParse(parts.Length == 3 ? parts[2] : "0", NumberStyles.None, CultureInfo.InvariantCulture, out var part)
            ? new EventReference(generation, sequence, part)
            : throw new FormatException($"event reference '{text}': expected generation.sequence or generation.sequence.part");
    }
}
