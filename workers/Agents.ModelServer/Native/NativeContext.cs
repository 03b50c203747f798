using Agents.ModelServer.Generation;

namespace Agents.ModelServer.Native;

/// <summary>The past of many sequences in the memory of one model, shared where they share their beginning.</summary>
public sealed unsafe class NativeContext : ITokenModel, IDisposable
{
    const int NoSlot = 1;

    readonly nint _context;
    readonly nint _memory;
    readonly NativeBatch _batch;
    readonly bool _canShare;
    bool _disposed;

    /// <summary>Throws <see cref="ModelServerException"/> with AG4034 when there is not memory enough.</summary>
    public NativeContext(NativeModel model, NativeContextOptions options)
    {
        ModelLibrary.TakeWarnings();
        var parameters = Llama.llama_context_default_params();
        parameters.Cells = (uint)options.Cells;
        parameters.BatchMax = (uint)options.BatchMax;
        parameters.MicroBatchMax = (uint)Math.Min(options.BatchMax, 512);
        parameters.SequencesMax = (uint)Math.Min(options.Sequences, (int)Llama.llama_max_parallel_sequences());
        parameters.Threads = options.Threads;
        parameters.ThreadsForBatches = options.Threads;
        // Only then is a cell shared by sequences instead of copied.
        parameters.UnifiedKv = 1;
        _context = Llama.llama_init_from_model(model.Handle, parameters);
        if (_context == 0)
        {
            throw new ModelServerException(
                "AG4034", $"no context of {options.Cells} tokens for {model.Path}: {ModelLibrary.TakeWarnings()}",
                "give fewer tokens with --context, or more memory");
        }

        _memory = Llama.llama_get_memory(_context);
        _canShare = model.CanShare;
        VocabularySize = model.Vocabulary.Count;
        CellsMax = (int)Llama.llama_n_ctx(_context);
        SequencesMax = (int)parameters.SequencesMax;
        BatchMax = Math.Min(options.BatchMax, (int)Llama.llama_n_batch(_context));
        _batch = Llama.llama_batch_init(BatchMax, 0, 1);
    }

    public int VocabularySize { get; }

    public int CellsMax { get; }

    public int SequencesMax { get; }

    public int BatchMax { get; }

    /// <summary>Bytes a cell takes, as the library's own snapshot of a sequence counts them.</summary>
    public long MeasureBytesPerCell()
    {
        const int Some = 8;
        var entries = new BatchEntry[Some];
        for (var i = 0; i < Some; i++)
        {
            entries[i] = new BatchEntry(0, i, 0, i == Some - 1);
        }

        var empty = (long)Llama.llama_state_seq_get_size(_context, 0);
        var outcome = Decode(entries);
        var full = (long)Llama.llama_state_seq_get_size(_context, 0);
        Llama.llama_memory_clear(_memory, 0);
        return outcome == DecodeOutcome.Done ? (full - empty) / Some : 0;
    }

    public DecodeOutcome Decode(ReadOnlySpan<BatchEntry> batch)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var native = _batch;
        native.Count = batch.Length;
        for (var i = 0; i < batch.Length; i++)
        {
            native.Tokens[i] = batch[i].Token;
            native.Positions[i] = batch[i].Position;
            native.SequenceCounts[i] = 1;
            native.Sequences[i][0] = batch[i].Sequence;
            native.WantsLogits[i] = (sbyte)(batch[i].WantsLogits ? 1 : 0);
        }

        return Llama.llama_decode(_context, native) switch
        {
            0 => DecodeOutcome.Done,
            NoSlot => DecodeOutcome.NoRoom,
            _ => DecodeOutcome.Failed,
        };
    }

    public ReadOnlySpan<float> Logits(int index) => new(Llama.llama_get_logits_ith(_context, index), VocabularySize);

    public void Share(int from, int to, int length)
    {
        if (!_canShare)
        {
            throw new InvalidOperationException("the past of this model cannot be shared");
        }

        Llama.llama_memory_seq_cp(_memory, from, to, 0, length);
    }

    public void Remove(int sequence, int position = 0) => Llama.llama_memory_seq_rm(_memory, sequence, position, -1);

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            Llama.llama_batch_free(_batch);
            Llama.llama_free(_context);
        }
    }
}

/// <summary>Sizes of a context.</summary>
public sealed record NativeContextOptions
{
    /// <summary>Tokens all sequences hold together.</summary>
    public required int Cells { get; init; }

    /// <summary>Sequences at once, those that are only kept for their beginning included.</summary>
    public required int Sequences { get; init; }

    /// <summary>Tokens of one batch.</summary>
    public int BatchMax { get; init; } = 512;

    public required int Threads { get; init; }
}
