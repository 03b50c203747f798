using System.Buffers;
using Agents.ModelServer.Generation;

namespace Agents.ModelServer.Http;

/// <summary>What every chunk of an answer says of it.</summary>
/// <param name="Prompt">Tokens of the prompt where the caller asked for token ids; null otherwise.</param>
/// <param name="Ids">The caller asked for the token ids of the reply.</param>
/// <param name="Logprobs">The caller asked for probabilities.</param>
sealed record AnswerHead(string Id, string Model, long Created, int[]? Prompt, bool Ids, bool Logprobs);

/// <summary>A reply in the form a route answers with, streamed or whole.</summary>
interface IAnswer
{
    string Id { get; }

    /// <summary>Keeps a token for the whole answer.</summary>
    void Add(GenerationEvent.Token token);

    ReadOnlyMemory<byte> Whole(GenerationEvent.Ended end);

    void Begin(IBufferWriter<byte> to);

    void Write(IBufferWriter<byte> to, GenerationEvent.Token token);

    /// <summary>The last chunks, the mark that nothing follows included.</summary>
    void End(IBufferWriter<byte> to, GenerationEvent.Ended end, bool includeUsage);
}
