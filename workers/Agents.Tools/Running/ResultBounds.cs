using System.Text;
using Agents.Contracts.Transcript;
using Agents.Tools.Artifacts;

namespace Agents.Tools.Running;

/// <summary>Keeps what a model reads small: a long result becomes its head, its tail and a handle of the whole.</summary>
static class ResultBounds
{
    /// <summary>Nothing longer is kept at all.</summary>
    public const int ResultBytesMax = 16 << 20;
    const int HeadBytesMax = 6144;
    const int TailBytesMax = 1536;

    public static ToolReply Reply(string text, bool isError, int offloadBytes, ArtifactStore artifacts)
    {
        var size = Encoding.UTF8.GetByteCount(text);
        if (size <= offloadBytes)
        {
            return new ToolReply { Content = text, IsError = isError };
        }

        var cut = size > ResultBytesMax;
        if (cut)
        {
            text = Head(text, ResultBytesMax);
            size = Encoding.UTF8.GetByteCount(text);
        }

        var handle = artifacts.Store(text);
        return new ToolReply
        {
            Content = Shorten(text, size, handle, offloadBytes, cut),
            IsError = isError,
            Artifact = handle,
            ArtifactBytes = size,
        };
    }

    public static ToolReply WithoutArtifact(string text, bool isError, int offloadBytes, string why) => new()
    {
        Content = $"{Head(text, Math.Min(HeadBytesMax, offloadBytes / 2))}\n[... the rest was lost: {why} ...]",
        IsError = isError,
    };

    static string Shorten(string text, int size, string handle, int offloadBytes, bool cut)
    {
        var head = Head(text, Math.Min(HeadBytesMax, offloadBytes / 2));
        var tail = Tail(text, Math.Min(TailBytesMax, offloadBytes / 8));
        var note = cut ? $"; the result was longer than {ResultBytesMax} bytes and was cut there" : "";
        return $"{head}\n[... of {size} bytes only the beginning and the end are shown; the whole is {handle}: "
            + $"read_artifact reads it by offset{note} ...]\n{tail}";
    }

    static string Head(string text, int bytesMax)
    {
        var bytes = 0;
        var end = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if ((bytes += rune.Utf8SequenceLength) > bytesMax)
            {
                break;
            }

            end += rune.Utf16SequenceLength;
        }

        return text[..Math.Min(end, text.Length)];
    }

    static string Tail(string text, int bytesMax)
    {
        var bytes = 0;
        var start = text.Length;
        while (start > 0)
        {
            var step = start > 1 && char.IsSurrogatePair(text[start - 2], text[start - 1]) ? 2 : 1;
            if ((bytes += Encoding.UTF8.GetByteCount(text.AsSpan(start - step, step))) > bytesMax)
            {
                break;
            }

            start -= step;
        }

        return text[start..];
    }
}
