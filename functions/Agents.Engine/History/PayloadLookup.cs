namespace Agents.Engine.History;

/// <summary>Turns payload references into text while decoding, and notes those whose text is not at hand.</summary>
internal sealed class PayloadLookup(IReadOnlyDictionary<string, string>? payloads, ICollection<string> missing)
{
    public const int HashBytes = 32;

    /// <summary>Field that the reference stands for, and its text; "" where it is missing (the caller reads again).</summary>
    public (int Field, string Text) Resolve(ReadOnlySpan<byte> reference)
    {
        var field = 0;
        ReadOnlySpan<byte> hash = default;
        var reader = new ProtoReader(reference, this);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    field = reader.Int32;
                    break;
                case 3:
                    hash = reader.Bytes;
                    break;
            }
        }

        if (field is 0 or Fields.PayloadReference || hash.Length != HashBytes)
        {
            throw HistoryFault.Unreadable("a payload reference without field or hash");
        }

        var name = Convert.ToHexStringLower(hash);
        if (payloads is not null && payloads.TryGetValue(name, out var text))
        {
            return (field, text);
        }

        missing.Add(name);
        return (field, "");
    }
}
