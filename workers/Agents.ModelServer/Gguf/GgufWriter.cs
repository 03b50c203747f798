using System.Text;

namespace Agents.ModelServer.Gguf;

/// <summary>
/// Writes a GGUF file, version 3: keys, then the table of tensors, then their data, each aligned to 32 bytes. Shapes are
/// given as GGUF has them, the row length first.
/// </summary>
public sealed class GgufWriter
{
    public const int Alignment = 32;

    internal const uint Magic = 0x46554747; // GGUF
    internal const uint Version = 3;

    readonly MemoryStream _keys = new();
    readonly List<(string Name, long[] Shape, TensorKind Kind, Func<byte[]> Data)> _tensors = [];
    ulong _keyCount;

    public void Set(string key, uint value) => Key(key, 4, w => w.Write(value));

    public void Set(string key, float value) => Key(key, 6, w => w.Write(value));

    public void Set(string key, bool value) => Key(key, 7, w => w.Write((byte)(value ? 1 : 0)));

    public void Set(string key, string value) => Key(key, 8, w => Text(w, value));

    public void Set(string key, IReadOnlyCollection<string> values) => Key(key, 9, w =>
    {
        w.Write(8u);
        w.Write((ulong)values.Count);
        foreach (var value in values)
        {
            Text(w, value);
        }
    });

    public void Set(string key, IReadOnlyCollection<int> values) => Key(key, 9, w =>
    {
        w.Write(5u);
        w.Write((ulong)values.Count);
        foreach (var value in values)
        {
            w.Write(value);
        }
    });

    /// <summary>Adds a tensor; its data is asked for when the file is written, so that a large model need not be held.</summary>
    public void Add(string name, long[] shape, TensorKind kind, Func<byte[]> data)
    {
        if (kind == TensorKind.Q4 && shape[0] % Q4.BlockWeights != 0)
        {
            throw new ArgumentException($"{name}: a row of {shape[0]} weights is no whole number of blocks of {Q4.BlockWeights}", nameof(shape));
        }

        _tensors.Add((name, shape, kind, data));
    }

    /// <summary>Writes the file and returns its size in bytes.</summary>
    public long Save(string path)
    {
        using var file = File.Create(path);
        using var writer = new BinaryWriter(file);
        writer.Write(Magic);
        writer.Write(Version);
        writer.Write((ulong)_tensors.Count);
        writer.Write(_keyCount);
        writer.Write(_keys.ToArray());
        var offset = 0L;
        foreach (var (name, shape, kind, _) in _tensors)
        {
            Text(writer, name);
            writer.Write((uint)shape.Length);
            foreach (var length in shape)
            {
                writer.Write((ulong)length);
            }

            writer.Write((uint)kind);
            writer.Write((ulong)offset);
            offset = Aligned(offset + kind.Bytes(shape));
        }

        Pad(writer, file);
        foreach (var (name, shape, kind, data) in _tensors)
        {
            var bytes = data();
            if (bytes.Length != kind.Bytes(shape))
            {
                throw new InvalidOperationException($"{name}: {bytes.Length} bytes instead of {kind.Bytes(shape)}");
            }

            writer.Write(bytes);
            Pad(writer, file);
        }

        writer.Flush();
        return file.Length;
    }

    internal static long Aligned(long offset) => (offset + Alignment - 1) / Alignment * Alignment;

    static void Pad(BinaryWriter writer, FileStream file)
    {
        writer.Flush();
        writer.Write(new byte[Aligned(file.Position) - file.Position]);
        writer.Flush();
    }

    void Key(string key, uint type, Action<BinaryWriter> value)
    {
        using var writer = new BinaryWriter(_keys, Encoding.UTF8, leaveOpen: true);
        Text(writer, key);
        writer.Write(type);
        value(writer);
        _keyCount++;
    }

    static void Text(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }
}
