using System.Security.Cryptography;
using System.Text;
using Agents.Loop.View;

namespace Agents.Worker.Transcripts;

/// <summary>
/// Digest of a view: a chain over what was stored, as it was stored. Each call hashes the digest of the call it
/// continues, its own input and the digest of every item that input names; nothing is encoded again, so two hosts, or
/// two years, agree.
/// </summary>
static class PromptChain
{
    static readonly byte[] s_start = SHA256.HashData("agents.view.1"u8);

    public static byte[] Next(byte[]? previous, string callInput, IEnumerable<byte[]> itemDigests)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(previous ?? s_start);
        hash.AppendData(SHA256.HashData(Encoding.UTF8.GetBytes(callInput)));
        foreach (var digest in itemDigests)
        {
            hash.AppendData(digest);
        }

        return hash.GetHashAndReset();
    }

    /// <summary>Digests of the stored items a call names; throws <see cref="MissingItemException"/> for one not here.</summary>
    public static IEnumerable<byte[]> Items(ModelCallInput call, StoredEvents events) =>
        call.Appended.OfType<ViewItem.Stored>().Select(i => i.Sequence == events.InputSequence
            ? SHA256.HashData(Encoding.UTF8.GetBytes(events.Input ?? ""))
            : (events.Item(i.Sequence) ?? throw new MissingItemException($"event {i.Sequence}")).Digest);
}

/// <summary>Something a call names is not in memory: it must be read from the history.</summary>
sealed class MissingItemException(string what) : Exception($"{what} is not in memory")
{
    public string What { get; } = what;
}
