namespace Agents.ModelServer.Training.Data;

/// <summary>
/// Examples to learn from. Number <c>i</c> of a source is always the same one (a pure function of the index and of the seed
/// the source was made with), so that training can be repeated and taken up where it stopped.
/// </summary>
public interface IExampleSource
{
    /// <summary>
    /// Writes example <paramref name="index"/>: its tokens, and how much it counts to predict each of them (0 for what the
    /// model only reads; the first token is never predicted). Called from one thread beside the trainer's.
    /// </summary>
    /// <param name="index">Any number; the trainer counts up from 0.</param>
    /// <param name="tokens">Room for the tokens, and with that the longest an example may be.</param>
    /// <param name="weights">As long as <paramref name="tokens"/>; in 0 to 1 as a rule, 1 for a token that counts.</param>
    /// <returns>The number of tokens written, from 2 up to the length of <paramref name="tokens"/>.</returns>
    int Next(ulong index, Span<int> tokens, Span<float> weights);
}
