namespace Agents.ModelServer.Generation;

/// <summary>The tokens of a model. Safe to use from any thread.</summary>
public interface IVocabulary
{
    /// <summary>Tokens are numbered from 0 up to but not this.</summary>
    int Count { get; }

    /// <summary>What the token stands for; empty for special tokens. Not always whole characters.</summary>
    ReadOnlySpan<byte> Bytes(int token);

    /// <summary>True for a token that stands for text; false for marks of the format and for unused numbers.</summary>
    bool IsText(int token);

    /// <summary>True for a token that ends a reply.</summary>
    bool IsEnd(int token);

    /// <summary>The special token written so, such as "&lt;think&gt;"; null when there is none.</summary>
    int? Special(string name);

    /// <summary>The tokens of a text. Marks written out in it are text, unless <paramref name="marks"/> reads them as tokens.</summary>
    int[] Tokenize(string text, bool marks = false);
}
