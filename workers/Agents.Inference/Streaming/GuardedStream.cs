using System.Text;

namespace Agents.Inference.Streaming;

/// <summary>
/// The response as the parser sees it: every byte is life for the deadline and counts against the bounds. Lines that
/// begin with "error:" are kept aside: llama.cpp writes its stream errors there, and an event parser skips them.
/// </summary>
internal sealed class GuardedStream(Stream inner, IdleDeadline idle, ModelBounds bounds) : Stream
{
    const int ErrorLineBytesMax = 4096;

    static readonly byte[] s_errorField = "error:"u8.ToArray();

    readonly List<byte> _errorLine = [];
    long _total;
    long _lineLength;
    bool _maybeError = true;

    /// <summary>Bytes read so far.</summary>
    public long Total => _total;

    /// <summary>Text behind an "error:" field; null when there was none.</summary>
    public string? ErrorLine { get; private set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, idle.Token);
        if (read > 0)
        {
            idle.Heard();
            Watch(buffer.Span[..read]);
        }
        else
        {
            EndLine();
        }

        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    void Watch(ReadOnlySpan<byte> bytes)
    {
        _total += bytes.Length;
        if (_total > bounds.ResponseBytesMax)
        {
            throw new BoundReached($"the response is larger than {bounds.ResponseBytesMax} bytes");
        }

        while (bytes.Length > 0)
        {
            var end = bytes.IndexOfAny((byte)'\n', (byte)'\r');
            var part = end < 0 ? bytes : bytes[..end];
            Continue(part);
            if (end < 0)
            {
                return;
            }

            EndLine();
            bytes = bytes[(end + 1)..];
        }
    }

    void Continue(ReadOnlySpan<byte> part)
    {
        _lineLength += part.Length;
        if (_lineLength > bounds.EventBytesMax)
        {
            throw new BoundReached($"one event of the stream is larger than {bounds.EventBytesMax} bytes");
        }

        if (!_maybeError || part.Length == 0)
        {
            return;
        }

        _errorLine.AddRange(part[..Math.Min(part.Length, ErrorLineBytesMax - _errorLine.Count)]);
        var known = Math.Min(_errorLine.Count, s_errorField.Length);
        _maybeError = _errorLine.Take(known).SequenceEqual(s_errorField.Take(known));
    }

    void EndLine()
    {
        if (_maybeError && _errorLine.Count > s_errorField.Length)
        {
            ErrorLine ??= Encoding.UTF8.GetString([.. _errorLine])[s_errorField.Length..].Trim();
        }

        _errorLine.Clear();
        _lineLength = 0;
        _maybeError = true;
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
    public override void Flush() { }
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("read asynchronously");
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
