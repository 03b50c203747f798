using System.Text;
using Agents.Contracts.Transcript;
using Agents.ModelServer.Chat;
using Agents.ModelServer.Generation;
using Agents.ModelServer.Http;

namespace Agents.ModelServer.Training.Lessons;

/// <summary>A prompt as the server would make it, with the reply to it: pieces, and which of the replies in it count.</summary>
/// <param name="Learns">By reply in view, the last one included: whether it is to be learnt.</param>
public sealed record LessonView(IReadOnlyList<PromptPiece> Pieces, IReadOnlyList<bool> Learns)
{
    /// <summary>Tokens, and the weight of each: 1 for what a reply that counts says, the mark that ends it included.</summary>
    public (int[] Tokens, float[] Weights) Tokenize(IVocabulary vocabulary)
    {
        var tokens = new List<int>();
        var weights = new List<float>();
        var text = new StringBuilder();
        var reply = -1;
        var says = false;
        foreach (var piece in Pieces.Append(new PromptPiece("", true)))
        {
            if (!piece.IsMark)
            {
                text.Append(piece.Text);
                continue;
            }

            tokens.AddRange(vocabulary.Tokenize(text.ToString()));
            text.Clear();
            Weigh();
            if (piece.Text.Length == 0)
            {
                break;
            }

            tokens.Add(vocabulary.Special(piece.Text) ?? throw new InvalidOperationException($"the vocabulary has no {piece.Text}"));
            reply += piece.Text == K2Marks.AssistantName ? 1 : 0;
            var opens = piece.Text == K2Marks.ThinkName;
            if (!opens)
            {
                Weigh();
            }

            says = opens || (says && piece.Text != K2Marks.EndName);
            weights.AddRange(Enumerable.Repeat(0f, tokens.Count - weights.Count));
        }

        return ([.. tokens], [.. weights]);

        void Weigh() => weights.AddRange(Enumerable.Repeat(says && Learns[reply] ? 1f : 0f, tokens.Count - weights.Count));
    }

    /// <summary>Of a request and the reply to it.</summary>
    internal static LessonView Of(ChatRequest chat, ChatMessage reply, Func<int, IReadOnlyList<bool>> learns)
    {
        var (pieces, calls) = K2Template.Render(chat.Messages, chat.Tools, thinks: true, thinking: true);
        pieces.AddRange(K2Template.Reply(reply, calls));
        return new LessonView(pieces, learns(chat.Messages.Count(m => m.Role == "assistant") + 1));
    }

    /// <summary>Tokens of a request and of the reply, as the server will report them.</summary>
    internal static TokenUsage Count(ChatRequest chat, ChatMessage reply, IVocabulary vocabulary)
    {
        var (pieces, calls) = K2Template.Render(chat.Messages, chat.Tools, thinks: true, thinking: true);
        return new TokenUsage(
            PromptPiece.Tokenize(pieces, vocabulary).Length, 0, 0, PromptPiece.Tokenize(K2Template.Reply(reply, calls), vocabulary).Length);
    }
}
