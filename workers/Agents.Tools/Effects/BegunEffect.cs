using System.Text;

namespace Agents.Tools.Effects;

/// <summary>One line an attempt set out to append: where, what, and what it would answer.</summary>
sealed class BegunEffect
{
    public required string Key { get; init; }

    public required string Attempt { get; init; }

    public required string Tool { get; init; }

    /// <summary>Length of the output file when the attempt began.</summary>
    public required long Offset { get; init; }

    /// <summary>Exactly what is appended, line end included.</summary>
    public required string Text { get; init; }

    public required string Result { get; init; }

    /// <summary>Found to have written nothing that stayed.</summary>
    public bool Void { get; set; }

    /// <summary>Further attempts that arrived after this one had acted.</summary>
    public int Repeats { get; set; }

    public byte[] Bytes => Encoding.UTF8.GetBytes(Text);
}
