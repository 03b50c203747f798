namespace Agents.Tools.Effects;

/// <summary>A line to append to an output file and the totals its tool answers with.</summary>
abstract class LineOutput
{
    /// <summary>Path below the output folder, as the model wrote it, normalized.</summary>
    public required string Path { get; init; }

    /// <summary>The line without its end.</summary>
    public required string Line { get; init; }

    /// <summary>Totals of a file that holds these bytes, in the form of <see cref="After"/>.</summary>
    public abstract string Count(Stream file);

    /// <summary>The result once the line is there, from the result (or count) that stood before it.</summary>
    public abstract string After(string before, int bytesAdded);
}
