using System.Text;
using Agents.ModelServer.Generation;

namespace Agents.ModelServer.Chat;

/// <summary>A stretch of a prompt: a mark of the format, or text in which nothing is a mark.</summary>
public readonly record struct PromptPiece(string Text, bool IsMark)
{
    /// <summary>
    /// The tokens of a prompt. Marks that somebody wrote into a message stay text: they cannot end it and begin another.
    /// </summary>
    public static int[] Tokenize(IEnumerable<PromptPiece> pieces, IVocabulary vocabulary)
    {
        var tokens = new List<int>();
        var text = new StringBuilder();
        foreach (var piece in pieces)
        {
            if (!piece.IsMark)
            {
                text.Append(piece.Text);
                continue;
            }

            tokens.AddRange(vocabulary.Tokenize(text.ToString()));
            text.Clear();
            tokens.Add(vocabulary.Special(piece.Text) ?? throw new InvalidOperationException($"the vocabulary has no {piece.Text}"));
        }

        tokens.AddRange(vocabulary.Tokenize(text.ToString()));
        return [.. tokens];
    }
}
