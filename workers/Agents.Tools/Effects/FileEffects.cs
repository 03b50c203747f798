using Agents.Tools.Durable;
using Agents.Tools.Files;
using Microsoft.Win32.SafeHandles;

namespace Agents.Tools.Effects;

/// <summary>
/// Appends lines to output files so that a probe can always tell, and fence. Protocol and proof: README.md here.
/// Lock order: the journal's file lock, then the output file.
/// </summary>
sealed class FileEffects(ToolEnvironment environment)
{
    readonly StateFiles<EffectJournal> _journals = new(() => new EffectJournal(), EffectJournal.Fold);

    public async Task<ToolOutcome> AppendAsync(
        ToolInvocation call, ConfinedFolder folder, LineOutput output, CancellationToken cancel)
    {
        await environment.SightAsync(EffectPoint.BeforeEffect, call, cancel);
        var real = RealPath(folder, output.Path);
        var outcome = await _journals.UseAsync(
            OutputFiles.JournalOf(environment.DataDirectory, real),
            environment,
            journal => ActAsync(journal, real, call, folder, output, cancel),
            cancel);
        if (outcome is ToolOutcome.Answer)
        {
            await environment.SightAsync(EffectPoint.AfterEffect, call, CancellationToken.None);
        }

        return outcome;
    }

    public Task<ProbeOutcome> ProbeAsync(
        ToolInvocation call, ConfinedFolder folder, LineOutput output, CancellationToken cancel)
    {
        var real = RealPath(folder, output.Path);
        return _journals.UseAsync(
            OutputFiles.JournalOf(environment.DataDirectory, real),
            environment,
            journal => Task.FromResult(Probe(journal, real, call, folder, output)),
            cancel);
    }

    /// <summary>Notes a file as an output of ours, before it exists.</summary>
    public Task DeclareAsync(string realPath, CancellationToken cancel) => _journals.UseAsync(
        OutputFiles.JournalOf(environment.DataDirectory, realPath),
        environment,
        journal =>
        {
            Name(journal, realPath);
            return Task.FromResult(true);
        },
        cancel);

    async Task<ToolOutcome> ActAsync(
        StateFile<EffectJournal>.Session journal, string real, ToolInvocation call, ConfinedFolder folder,
        LineOutput output, CancellationToken cancel)
    {
        if (journal.State.FencedOff(call.Key, call.AttemptToken, call.Attempt) is { } why)
        {
            return new ToolOutcome.NotStarted(why);
        }

        Name(journal, real);
        using var file = folder.OpenWrite(output.Path);
        Settle(journal, file);
        if (journal.State.Standing(call.Key) is { } standing)
        {
            // A second attempt at a key that has acted: kept as an arrival, so that an engine that let it happen is found.
            journal.Append(EffectJournal.RepeatLine(call.Key, call.AttemptToken));
            return new ToolOutcome.Answer(standing.Result);
        }

        var begun = Begin(journal.State, file, call, output);
        journal.Append(EffectJournal.BeginLine(begun));
        await environment.SightAsync(EffectPoint.MidEffect, call, cancel);
        if (!call.MayAct())
        {
            journal.Append(EffectJournal.VoidLine(call.Key, "not allowed to act"));
            return new ToolOutcome.NotStarted("the start deadline has passed or the attempt is no longer current");
        }

        return Write(journal, file, begun, output.Path);
    }

    ProbeOutcome Probe(
        StateFile<EffectJournal>.Session journal, string real, ToolInvocation call, ConfinedFolder folder,
        LineOutput output)
    {
        Name(journal, real);
        using var file = folder.KindOf(output.Path) == PlaceKind.File ? folder.OpenWrite(output.Path) : null;
        Settle(journal, file);
        if (journal.State.Standing(call.Key) is { } standing)
        {
            return IsThere(file, standing)
                ? new ProbeOutcome.Happened(standing.Result, $"'{output.Path}' has the line at byte {standing.Offset}")
                : new ProbeOutcome.Unknown(
                    $"'{output.Path}' was changed by somebody else since the line was written at byte {standing.Offset}");
        }

        journal.Append(EffectJournal.FenceLine(call.Key, call.AttemptToken, call.Attempt));
        return new ProbeOutcome.Absent(
            $"'{output.Path}' does not have the line, and earlier attempts are fenced off", Fences: true);
    }

    static void Name(StateFile<EffectJournal>.Session journal, string real)
    {
        if (journal.State.Output is null)
        {
            journal.Append(EffectJournal.FileLine(real));
        }
    }

    // Whoever holds the lock knows that the last attempt is over. If it left less than its line, that is undone here,
    // before anyone else appends behind it.
    static void Settle(StateFile<EffectJournal>.Session journal, SafeFileHandle? file)
    {
        if (journal.State.Last is not { Void: false } last)
        {
            return;
        }

        var length = file is null ? 0 : RandomAccess.GetLength(file);
        if (length == last.Offset)
        {
            journal.Append(EffectJournal.VoidLine(last.Key, "nothing was written"));
        }
        else if (file is not null && length > last.Offset && length < last.Offset + last.Bytes.Length
            && StartsAt(file, last.Offset, last.Bytes.AsSpan(0, (int)(length - last.Offset))))
        {
            RandomAccess.SetLength(file, last.Offset);
            RandomAccess.FlushToDisk(file);
            journal.Append(EffectJournal.VoidLine(last.Key, $"{length - last.Offset} bytes of it were cut off"));
        }
    }

    static BegunEffect Begin(EffectJournal journal, SafeFileHandle file, ToolInvocation call, LineOutput output)
    {
        var offset = RandomAccess.GetLength(file);
        var text = (EndsALine(file, offset) ? "" : "\n") + output.Line + "\n";
        var last = journal.Last is { Void: false } standing && standing.Tool == call.Spec.Name
            && standing.Offset + standing.Bytes.Length == offset ? standing.Result : null;
        if (last is null)
        {
            using var reading = new HandleStream(file);
            last = output.Count(reading);
        }

        var bytes = System.Text.Encoding.UTF8.GetByteCount(text);
        return new BegunEffect
        {
            Key = call.Key,
            Attempt = call.AttemptToken,
            Tool = call.Spec.Name,
            Offset = offset,
            Text = text,
            Result = output.After(last, bytes),
        };
    }

    static ToolOutcome Write(
        StateFile<EffectJournal>.Session journal, SafeFileHandle file, BegunEffect begun, string path)
    {
        try
        {
            RandomAccess.Write(file, begun.Bytes, begun.Offset);
            RandomAccess.FlushToDisk(file);
            return new ToolOutcome.Answer(begun.Result);
        }
        catch (Exception e) when (WriteFailures.Includes(e))
        {
            return Undo(
                journal, file, begun,
                $"'{path}' cannot be written: {WriteFailures.Describe(e)}; check space and permissions");
        }
    }

    static ToolOutcome Undo(
        StateFile<EffectJournal>.Session journal, SafeFileHandle file, BegunEffect begun, string why)
    {
        try
        {
            RandomAccess.SetLength(file, begun.Offset);
            RandomAccess.FlushToDisk(file);
        }
        catch (Exception e) when (WriteFailures.Includes(e))
        {
            return new ToolOutcome.Ambiguous($"{why}; and what was written cannot be cut off: {e.Message}");
        }

        try
        {
            journal.Append(EffectJournal.VoidLine(begun.Key, "the write failed"));
        }
        catch (Exception e) when (WriteFailures.Includes(e))
        {
            // Same disk, same trouble: the next holder of the lock sees the cut file and settles the attempt itself.
        }

        return new ToolOutcome.Fault(ToolErrors.WriteFailed, why, Retriable: true);
    }

    static bool IsThere(SafeFileHandle? file, BegunEffect begun) =>
        file is not null && StartsAt(file, begun.Offset, begun.Bytes);

    static bool StartsAt(SafeFileHandle file, long offset, ReadOnlySpan<byte> expected)
    {
        var found = new byte[expected.Length];
        var read = 0;
        while (read < found.Length && RandomAccess.Read(file, found.AsSpan(read), offset + read) is var more and > 0)
        {
            read += more;
        }

        return read == found.Length && expected.SequenceEqual(found);
    }

    static bool EndsALine(SafeFileHandle file, long length)
    {
        Span<byte> last = stackalloc byte[1];
        return length == 0 || (RandomAccess.Read(file, last, length - 1) == 1 && last[0] == (byte)'\n');
    }

    // Two names for one folder must not make two journals for one file.
    static string RealPath(ConfinedFolder folder, string path)
    {
        using var place = folder.OpenFolderFor(path);
        return Path.Combine(place.Real, RelativePath.Name(path));
    }

    /// <summary>Reads a file from its start without moving or closing anything of its handle.</summary>
    sealed class HandleStream(SafeFileHandle file) : Stream
    {
        long _at;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => RandomAccess.GetLength(file);

        public override long Position { get => _at; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var read = RandomAccess.Read(file, buffer, _at);
            _at += read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
