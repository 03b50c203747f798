using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Transcript;

namespace Agents.Worker.Transcripts;

/// <summary>
/// One stored item of a conversation: the text as it was stored until it is rendered, then its bytes on the wire and
/// the few facts that later calls need. Rendered at most once.
/// </summary>
sealed class StoredItem(StoredKind kind, string text, int taskId)
{
    const int Overhead = 200;

    ModelReply? _reply;
    byte[]? _digest;

    public StoredKind Kind => kind;

    /// <summary>Task whose result this is; -1 for a person's message.</summary>
    public int TaskId => taskId;

    /// <summary>As stored; null once rendered.</summary>
    public string? Text { get; private set; } = text;

    public ReadOnlyMemory<byte> Rendered { get; private set; }

    /// <summary>Tool results only: what stands in its place once hidden.</summary>
    public ReadOnlyMemory<byte> Placeholder { get; private set; }

    /// <summary>Model replies only.</summary>
    public IReadOnlyList<ToolCall> Calls { get; private set; } = [];

    public bool IsRendered => !Rendered.IsEmpty;

    public long Bytes => Overhead + ((Text?.Length ?? 0) * 2L) + Rendered.Length + Placeholder.Length
        + Calls.Sum(c => 64L + (c.Arguments.Length * 2L));

    /// <summary>SHA-256 over the stored text.</summary>
    public byte[] Digest => _digest ??= SHA256.HashData(Encoding.UTF8.GetBytes(Text!));

    public ModelReply Reply()
    {
        _reply ??= JsonSerializer.Deserialize(Text!, ContractsJson.Default.ModelReply)
            ?? throw new FormatException("the stored result of a model call is empty");
        Calls = _reply.ToolCalls;
        return _reply;
    }

    public ToolReply ToolReply() => JsonSerializer.Deserialize(Text!, ContractsJson.Default.ToolReply)
        ?? throw new FormatException("the stored result of a tool call is empty");

    public void Keep(byte[] rendered, byte[]? placeholder = null)
    {
        _ = Digest;
        Rendered = rendered;
        Placeholder = placeholder;
        Text = null;
        _reply = null;
    }
}

enum StoredKind
{
    Reply = 0,
    ToolResult = 1,
    Steer = 2,
}
