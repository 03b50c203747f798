using System.Text;
using Agents.ModelServer.Generation;
using Agents.ModelServer.Native;

namespace Agents.ModelServer.Training.Lessons;

/// <summary>
/// Marks a model's file on examples, with llama.cpp and no grammar: each reply is right when every token of it would have
/// been the likeliest, given what stands before it. Faster than an exam, and it shows where a model goes wrong.
/// </summary>
public sealed class LessonMarks(NativeModel model)
{
    const int ContextTokens = 2048;

    public int Replies { get; private set; }

    public int Right { get; private set; }

    public int Tokens { get; private set; }

    public int TokensRight { get; private set; }

    /// <summary>For each reply that was wrong: its text to the first wrong token, what was right there, what was said.</summary>
    public List<(string Before, string Right, string Said)> Slips { get; } = [];

    public void Mark(LessonExample example)
    {
        var tokens = example.Tokens.AsSpan(0, Math.Min(example.Tokens.Length, ContextTokens)).ToArray().Select(t => (int)t).ToArray();
        var said = Likeliest(tokens, example.Weights);
        for (var i = 1; i < tokens.Length; i++)
        {
            if (example.Weights[i] == 0 || example.Weights[i - 1] != 0)
            {
                continue;
            }

            var end = i;
            while (end < tokens.Length && example.Weights[end] != 0)
            {
                end++;
            }

            Reply(tokens, said, i, end);
        }
    }

    void Reply(int[] tokens, int[] said, int from, int to)
    {
        Replies++;
        Tokens += to - from;
        var wrong = Enumerable.Range(from, to - from).Where(i => said[i] != tokens[i]).ToList();
        TokensRight += to - from - wrong.Count;
        if (wrong.Count == 0)
        {
            Right++;
            return;
        }

        Slips.Add((Text(tokens[from..wrong[0]]), Text(tokens[wrong[0]..Math.Min(to, wrong[0] + 8)]), Text([said[wrong[0]]])));
    }

    int[] Likeliest(int[] tokens, byte[] weights)
    {
        using var context = new NativeContext(model, new NativeContextOptions { Cells = ContextTokens, Sequences = 1, Threads = 1 });
        var said = new int[tokens.Length];
        for (var from = 0; from < tokens.Length; from += context.BatchMax)
        {
            var to = Math.Min(tokens.Length, from + context.BatchMax);
            var batch = Enumerable.Range(from, to - from)
                .Select(i => new BatchEntry(tokens[i], i, 0, i + 1 < tokens.Length && weights[i + 1] != 0)).ToArray();
            if (context.Decode(batch) != DecodeOutcome.Done)
            {
                throw new InvalidOperationException("the library could not compute a batch");
            }

            for (var i = from; i < to; i++)
            {
                if (batch[i - from].WantsLogits)
                {
                    said[i + 1] = Best(context.Logits(i - from));
                }
            }
        }

        return said;
    }

    static int Best(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            best = logits[i] > logits[best] ? i : best;
        }

        return best;
    }

    string Text(int[] tokens)
    {
        var bytes = new List<byte>();
        foreach (var token in tokens)
        {
            bytes.AddRange(model.Vocabulary.IsText(token) ? model.Vocabulary.Bytes(token) : Encoding.UTF8.GetBytes($"<{token}>"));
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }
}
