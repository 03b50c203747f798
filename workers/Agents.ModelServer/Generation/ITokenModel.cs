namespace Agents.ModelServer.Generation;

/// <summary>A token to compute: at which place of which sequence, and whether the logits behind it are wanted.</summary>
public readonly record struct BatchEntry(int Token, int Position, int Sequence, bool WantsLogits);

public enum DecodeOutcome
{
    Done,

    /// <summary>There are not cells enough; nothing was computed.</summary>
    NoRoom,

    /// <summary>The computation failed; what the sequences of the batch hold is undefined.</summary>
    Failed,
}

/// <summary>
/// A model that computes tokens over sequences whose beginnings may be shared: a cell holds one token and belongs to every
/// sequence it was computed or copied into. One thread uses it.
/// </summary>
public interface ITokenModel
{
    int VocabularySize { get; }

    /// <summary>Tokens all sequences hold together, shared ones counted once.</summary>
    int CellsMax { get; }

    /// <summary>Sequences are numbered from 0 up to but not this.</summary>
    int SequencesMax { get; }

    /// <summary>Tokens of one batch.</summary>
    int BatchMax { get; }

    DecodeOutcome Decode(ReadOnlySpan<BatchEntry> batch);

    /// <summary>Logits behind the entry of that index of the last batch. Valid until the next call.</summary>
    ReadOnlySpan<float> Logits(int index);

    /// <summary>Lets an empty sequence share the first <paramref name="length"/> tokens of another.</summary>
    void Share(int from, int to, int length);

    /// <summary>Takes the tokens from <paramref name="position"/> on out of a sequence.</summary>
    void Remove(int sequence, int position = 0);
}
