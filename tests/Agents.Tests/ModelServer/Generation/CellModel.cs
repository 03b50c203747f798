using Agents.ModelServer.Generation;

namespace Agents.Tests.ModelServer.Generation;

/// <summary>
/// A model without weights that checks how it is used: a cell is a token at a place with the sequences it belongs to, as in
/// the real library, and the logits behind a token are drawn from everything its sequence holds up to there. A sequence that
/// shared the wrong beginning, or lost a token, would say something else.
/// </summary>
sealed class CellModel(int cells, int sequences, int vocabulary = 97, int batch = 64) : ITokenModel
{
    readonly List<(int Token, int Position, HashSet<int> Sequences)> _cells = [];
    readonly List<float[]> _logits = [];

    public int VocabularySize => vocabulary;
    public int CellsMax => cells;
    public int SequencesMax => sequences;
    public int BatchMax => batch;

    /// <summary>Tokens computed in all.</summary>
    public long Computed { get; private set; }

    public int Batches { get; private set; }

    public int CellsMost { get; private set; }

    public int LargestBatch { get; private set; }

    public Action<BatchEntry[]>? Before { get; set; }

    public DecodeOutcome Decode(ReadOnlySpan<BatchEntry> entries)
    {
        Before?.Invoke(entries.ToArray());
        if (entries.Length > batch || entries.IsEmpty)
        {
            throw new InvalidOperationException($"a batch of {entries.Length}");
        }

        if (_cells.Count + entries.Length > cells)
        {
            return DecodeOutcome.NoRoom;
        }

        _logits.Clear();
        (Batches, LargestBatch) = (Batches + 1, Math.Max(LargestBatch, entries.Length));
        foreach (var entry in entries)
        {
            if (Held(entry.Sequence).Count != entry.Position)
            {
                throw new InvalidOperationException($"sequence {entry.Sequence} holds {Held(entry.Sequence).Count} and is given place {entry.Position}");
            }

            _cells.Add((entry.Token, entry.Position, [entry.Sequence]));
            Computed++;
            _logits.Add(entry.WantsLogits ? LogitsOf(Held(entry.Sequence)) : []);
        }

        CellsMost = Math.Max(CellsMost, _cells.Count);
        return DecodeOutcome.Done;
    }

    public ReadOnlySpan<float> Logits(int index) => _logits[index].Length > 0
        ? _logits[index]
        : throw new InvalidOperationException("these logits were not asked for");

    public void Share(int from, int to, int length)
    {
        if (Held(to).Count > 0 || Held(from).Count < length)
        {
            throw new InvalidOperationException($"{from} with {Held(from).Count} shares {length} with {to}, which holds {Held(to).Count}");
        }

        foreach (var cell in _cells.Where(c => c.Sequences.Contains(from) && c.Position < length))
        {
            cell.Sequences.Add(to);
        }
    }

    public void Remove(int sequence, int position = 0)
    {
        _cells.ForEach(c => { if (c.Position >= position) { c.Sequences.Remove(sequence); } });
        _cells.RemoveAll(c => c.Sequences.Count == 0);
    }

    public int Cells => _cells.Count;

    public List<int> Held(int sequence) =>
        [.. _cells.Where(c => c.Sequences.Contains(sequence)).OrderBy(c => c.Position).Select(c => c.Token)];

    float[] LogitsOf(List<int> tokens) => Logits(tokens, vocabulary);

    public static float[] Logits(IReadOnlyList<int> tokens, int vocabulary)
    {
        var seed = tokens.Aggregate(17UL, (hash, token) => (hash * 1_000_003) + (ulong)token + 1);
        var chance = new Chance(seed);
        return [.. Enumerable.Range(0, vocabulary).Select(_ => (float)chance.NextNormal() * 3)];
    }

    /// <summary>What a request alone would be answered.</summary>
    public static List<int> Expected(GenerationRequest request, IVocabulary vocabulary, IReplyShape shape)
    {
        var (sampler, tokens) = (new Sampler(vocabulary), request.Prompt.ToList());
        while (tokens.Count < request.Prompt.Length + request.TokensMax)
        {
            var chance = Chance.At(request.Sampling.Seed, tokens.Count - request.Prompt.Length);
            var pick = sampler.Choose(Logits(tokens, vocabulary.Count), shape.Next, request.Sampling, new Dictionary<int, int>(), chance, default);
            tokens.Add(pick.Token);
            if (!shape.Take(pick.Token, []))
            {
                break;
            }
        }

        return tokens[request.Prompt.Length..];
    }
}

/// <summary>Letters, of which the last tokens are marks: the very last ends a reply.</summary>
sealed class LetterVocabulary(int count, int marks = 1) : IVocabulary
{
    readonly byte[] _bytes = [.. Enumerable.Range(0, count).Select(i => (byte)('!' + (i % 90)))];

    public int Count => count;

    public ReadOnlySpan<byte> Bytes(int token) => IsText(token) ? _bytes.AsSpan(token, 1) : [];

    public bool IsText(int token) => token < count - marks;

    public bool IsEnd(int token) => token == count - 1;

    public int? Special(string name) => null;

    public int[] Tokenize(string text, bool marks = false) => [.. text.Select(c => (int)c % (Count - 1))];
}

/// <summary>Any letters until the end mark.</summary>
sealed class LetterShape(IVocabulary vocabulary) : IReplyShape
{
    public bool Disposed { get; private set; }

    public Choice Next { get; } = new Choice.Text(vocabulary.Count - 1);

    public Utf8State Utf8 => default;

    public string FinishReason => "stop";

    public bool Take(int token, List<ReplyPart> parts)
    {
        if (vocabulary.IsEnd(token))
        {
            return false;
        }

        parts.Add(new ReplyPart.Content($"{(char)vocabulary.Bytes(token)[0]}"));
        return true;
    }

    public void Flush(List<ReplyPart> parts)
    {
    }

    public void Dispose() => Disposed = true;
}
