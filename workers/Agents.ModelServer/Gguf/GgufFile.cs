using System.Text;

namespace Agents.ModelServer.Gguf;

/// <summary>A tensor of a file: shape with the row length first, place of its data from the start of the file.</summary>
public sealed record GgufTensor(string Name, IReadOnlyList<long> Shape, uint Kind, long Position);

/// <summary>
/// Keys and tensor table of a GGUF file, versions 2 and 3; the data is left where it is. A file that is not one, or breaks
/// off, is refused with AG4033.
/// </summary>
public sealed class GgufFile
{
    const int TextBytesMax = 64 << 20;
    const int ArrayMax = 16 << 20;
    const int CountMax = 1 << 20;
    const int DimensionsMax = 8;

    GgufFile(IReadOnlyDictionary<string, object> keys, IReadOnlyList<GgufTensor> tensors)
    {
        Keys = keys;
        Tensors = tensors;
    }

    /// <summary>Numbers as long or double, texts, booleans, and lists of them.</summary>
    public IReadOnlyDictionary<string, object> Keys { get; }

    public IReadOnlyList<GgufTensor> Tensors { get; }

    public string Architecture => Keys.GetValueOrDefault("general.architecture") as string ?? "";

    public static GgufFile Read(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            using var reader = new BinaryReader(file, Encoding.UTF8);
            return Read(reader);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            var why = e is EndOfStreamException ? "it breaks off" : e.Message;
            throw new ModelServerException("AG4033", $"{path} cannot be read as a GGUF file: {why}", "check the file, or fetch it again", e);
        }
    }

    static GgufFile Read(BinaryReader reader)
    {
        if (reader.ReadUInt32() != GgufWriter.Magic)
        {
            throw new InvalidDataException("it does not begin with GGUF");
        }

        if (reader.ReadUInt32() is var version and not (2 or 3))
        {
            throw new InvalidDataException($"its version is {version}");
        }

        var tensorCount = Bounded(reader.ReadUInt64(), CountMax, "tensors");
        var keyCount = Bounded(reader.ReadUInt64(), CountMax, "keys");
        var keys = new Dictionary<string, object>(StringComparer.Ordinal);
        for (var i = 0; i < keyCount; i++)
        {
            keys[Text(reader)] = Value(reader, reader.ReadUInt32(), nested: false);
        }

        var tensors = new List<GgufTensor>();
        for (var i = 0; i < tensorCount; i++)
        {
            var name = Text(reader);
            var shape = new long[Bounded(reader.ReadUInt32(), DimensionsMax, "dimensions")];
            for (var d = 0; d < shape.Length; d++)
            {
                shape[d] = checked((long)reader.ReadUInt64());
            }

            tensors.Add(new GgufTensor(name, shape, reader.ReadUInt32(), checked((long)reader.ReadUInt64())));
        }

        var alignment = keys.GetValueOrDefault("general.alignment") is long given and > 0 ? given : GgufWriter.Alignment;
        var data = (reader.BaseStream.Position + alignment - 1) / alignment * alignment;
        return new GgufFile(keys, [.. tensors.Select(t => t with { Position = t.Position + data })]);
    }

    static object Value(BinaryReader reader, uint type, bool nested) => type switch
    {
        0 => (long)reader.ReadByte(),
        1 => (long)reader.ReadSByte(),
        2 => (long)reader.ReadUInt16(),
        3 => (long)reader.ReadInt16(),
        4 => (long)reader.ReadUInt32(),
        5 => (long)reader.ReadInt32(),
        6 => (double)reader.ReadSingle(),
        7 => reader.ReadByte() != 0,
        8 => Text(reader),
        9 when !nested => List(reader),
        10 => unchecked((long)reader.ReadUInt64()),
        11 => reader.ReadInt64(),
        12 => reader.ReadDouble(),
        _ => throw new InvalidDataException($"a key has a value of kind {type}"),
    };

    static List<object> List(BinaryReader reader)
    {
        var type = reader.ReadUInt32();
        var count = Bounded(reader.ReadUInt64(), ArrayMax, "values in a list");
        var values = new List<object>();
        for (var i = 0; i < count; i++)
        {
            values.Add(Value(reader, type, nested: true));
        }

        return values;
    }

    static string Text(BinaryReader reader)
    {
        var length = Bounded(reader.ReadUInt64(), TextBytesMax, "bytes in a text");
        if (length > reader.BaseStream.Length - reader.BaseStream.Position)
        {
            throw new EndOfStreamException();
        }

        return Encoding.UTF8.GetString(reader.ReadBytes(length));
    }

    static int Bounded(ulong count, int most, string what) =>
        count <= (ulong)most ? (int)count : throw new InvalidDataException($"it claims {count} {what}");
}
