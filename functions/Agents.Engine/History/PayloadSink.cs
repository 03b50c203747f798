using System.Security.Cryptography;
using Agents.Engine.Store;

namespace Agents.Engine.History;

/// <summary>Collects the strings over the bound that are stored apart; the same text is kept once.</summary>
internal sealed class PayloadSink(int bytesMax)
{
    readonly List<PayloadRow> _rows = [];

    public IReadOnlyList<PayloadRow> Rows => _rows;

    public int BytesMax => bytesMax;

    public ReadOnlyMemory<byte> Add(string text)
    {
        var bytes = LosslessUtf8.Encode(text);
        var hash = SHA256.HashData(bytes);
        foreach (var row in _rows)
        {
            if (row.Hash.Span.SequenceEqual(hash))
            {
                return row.Hash;
            }
        }

        _rows.Add(new PayloadRow(hash, Zstd.Compress(bytes), bytes.Length));
        return hash;
    }
}
