using System.Collections;

namespace Agents.Worker.Transcripts;

/// <summary>
/// Message fragments of one view. A list never changes, yet adding to the latest one costs no copy: lists of one run
/// share an array, each sees the first <see cref="Count"/> of it. Not for adding from two threads at once.
/// </summary>
sealed class MessageList : IReadOnlyList<ReadOnlyMemory<byte>>
{
    public static readonly MessageList Empty = new([], 0);

    readonly ReadOnlyMemory<byte>[] _items;

    MessageList(ReadOnlyMemory<byte>[] items, int count)
    {
        _items = items;
        Count = count;
    }

    public int Count { get; }

    public ReadOnlyMemory<byte> this[int index] =>
        index < Count ? _items[index] : throw new ArgumentOutOfRangeException(nameof(index));

    public MessageList Add(ReadOnlyMemory<byte> message)
    {
        // A place beyond our count that is taken belongs to another list: theirs stays, we copy.
        var items = _items;
        if (Count == items.Length || !items[Count].IsEmpty)
        {
            items = new ReadOnlyMemory<byte>[Math.Max(16, Count * 2)];
            Array.Copy(_items, items, Count);
        }

        items[Count] = message;
        return new MessageList(items, Count + 1);
    }

    public MessageList With(int index, ReadOnlyMemory<byte> message)
    {
        var items = new ReadOnlyMemory<byte>[Math.Max(16, Count + (Count / 4))];
        Array.Copy(_items, items, Count);
        items[index] = message;
        return new MessageList(items, Count);
    }

    public IEnumerator<ReadOnlyMemory<byte>> GetEnumerator() => _items.Take(Count).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
