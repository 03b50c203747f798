using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Agents.ModelServer.Generation;

/// <summary>
/// Makes replies: one thread computes one batch after the other, and every batch takes a token of each reply that speaks
/// and a stretch of the prompts that are being read. README.md of this folder says what is shared and what gives way.
/// </summary>
public sealed class Generator : IAsyncDisposable
{
    /// <summary>Cells kept free for each reply in work when another is let in, so that it is not put back at once.</summary>
    const int HeadroomPerSlot = 16;

    /// <summary>A prompt waits for another that is being read if it can then share at least so many tokens more.</summary>
    const int WorthWaiting = 32;

    readonly ITokenModel _model;
    readonly GeneratorOptions _options;
    readonly TimeProvider _clock;
    readonly Sampler _sampler;
    readonly Holdings _held;
    readonly ConcurrentQueue<Slot> _inbox = new();
    readonly SemaphoreSlim _signal = new(0);
    readonly LinkedList<Slot> _waiting = new();
    readonly List<Slot> _slots = [];
    readonly List<BatchEntry> _batch = [];
    readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _queued;
    volatile bool _stopping;

    /// <summary>Starts the thread. The model is the generator's alone until it is disposed.</summary>
    public Generator(ITokenModel model, IVocabulary vocabulary, GeneratorOptions options, TimeProvider clock)
    {
        if (model.SequencesMax <= options.SlotsMax)
        {
            throw new ArgumentException($"{options.SlotsMax} slots need more than {model.SequencesMax} sequences", nameof(options));
        }

        if (options.ContextTokens + HeadroomPerSlot > model.CellsMax)
        {
            throw new ArgumentException($"a conversation of {options.ContextTokens} tokens does not fit {model.CellsMax} cells", nameof(options));
        }

        _model = model;
        _options = options;
        _clock = clock;
        _sampler = new Sampler(vocabulary);
        _held = new Holdings(model, options.SharesPrefixes);
        new Thread(Run) { Name = "generator", IsBackground = true }.Start();
    }

    public GeneratorFigures Figures { get; } = new();

    public GeneratorOptions Options => _options;

    /// <summary>
    /// Takes a request in, or returns null when as many wait as may. Throws <see cref="ArgumentException"/> for one that
    /// does not fit a conversation.
    /// </summary>
    public ReplyStream? Submit(GenerationRequest request)
    {
        if (request.Prompt.Length == 0 || request.Prompt.Length + request.Reply.Length >= _options.ContextTokens
            || request.TokensMax < request.Reply.Length + 1)
        {
            throw new ArgumentException(
                $"a prompt of {request.Prompt.Length} tokens and a reply of {request.TokensMax} do not fit {_options.ContextTokens}", nameof(request));
        }

        if (_stopping || Interlocked.Increment(ref _queued) > _options.QueueMax + _options.SlotsMax)
        {
            Interlocked.Decrement(ref _queued);
            Figures.Refuse();
            request.Shape.Dispose();
            return null;
        }

        var slot = new Slot(request, new ReplyStream(() => _signal.Release()), _clock.GetTimestamp());
        slot.CountReply();
        foreach (var made in request.Echo)
        {
            slot.Stream.Add(made);
        }

        _inbox.Enqueue(slot);
        _signal.Release();
        if (_ended.Task.IsCompleted)
        {
            EndLate(); // the thread may have ended between the look and the entry
        }

        return slot.Stream;
    }

    public bool IsStopping => _stopping;

    /// <summary>Ends all replies and the thread.</summary>
    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        _signal.Release();
        await _ended.Task;
        EndLate();
    }

    void EndLate()
    {
        while (_inbox.TryDequeue(out var slot))
        {
            slot.Request.Shape.Dispose();
            slot.Stream.Complete(new GenerationEvent.Ended("stopped", slot.Usage, [], null));
        }
    }

    void Run()
    {
        try
        {
            while (!_stopping)
            {
                Receive();
                Admit();
                Figures.Stand(_slots.Count, _waiting.Count, _held.Tree);
                if (_slots.Count > 0)
                {
                    Step();
                }
                else
                {
                    _signal.Wait();
                }
            }

            EndAll("stopped", null);
        }
        catch (Exception e)
        {
            _stopping = true;
            EndAll("failed", $"AG4036: the model server broke off: {e.Message}");
        }
        finally
        {
            _ended.SetResult();
        }
    }

    void EndAll(string reason, string? failure)
    {
        Receive();
        foreach (var slot in (Slot[])[.. _slots, .. _waiting])
        {
            End(slot, reason, failure);
        }

        _waiting.Clear();
    }

    void Receive()
    {
        while (_inbox.TryDequeue(out var slot))
        {
            _waiting.AddLast(slot);
        }

        foreach (var slot in _slots.Concat(_waiting).Where(s => s.Stream.IsCancelled).ToList())
        {
            _waiting.Remove(slot);
            End(slot, "cancelled");
        }
    }

    /// <summary>Lets waiting requests in, oldest first, as long as there are slots and room.</summary>
    void Admit()
    {
        for (var node = _waiting.First; node is not null && _slots.Count < _options.SlotsMax;)
        {
            var (slot, next) = (node.Value, node.Next);
            var match = _held.Find(Tokens(slot));
            var room = _model.CellsMax - (HeadroomPerSlot * (_slots.Count + 1));
            if (_slots.Count > 0 && _held.Tree.CellsInUse() + _slots.Sum(s => s.Pending) + slot.Tokens.Count > room)
            {
                return; // the oldest goes first, or it would wait for ever
            }

            if (!IsWorthWaiting(slot, match.Length))
            {
                _waiting.Remove(node);
                Admit(slot, match);
            }

            node = next;
        }
    }

    /// <summary>Whether a prompt that is being read holds much more of this one soon.</summary>
    bool IsWorthWaiting(Slot slot, int held) => _options.SharesPrefixes && _slots.Any(s => s.Pending > 1
        && Tokens(slot)[..^1].CommonPrefixLength(Tokens(s)) - held >= WorthWaiting);

    void Admit(Slot slot, PrefixMatch match)
    {
        (slot.Sequence, slot.Computed) = _held.Begin(match);
        _slots.Add(slot);
        if (!slot.WasAdmitted)
        {
            slot.WasAdmitted = true;
            slot.Cached = slot.Computed;
            Figures.Admit(slot.Tokens.Count, slot.Cached, Seconds(slot.Arrived));
        }
    }

    /// <summary>Computes one batch.</summary>
    void Step()
    {
        var takes = BatchPlan.Divide(
            [.. _slots.Select(s => new SlotWant(s.Pending, s.Pending == 1))], _model.BatchMax, _options.PromptTokensPerBatch);
        if (!MakeRoom(takes.Sum()))
        {
            return; // somebody was put back: plan anew
        }

        _batch.Clear();
        for (var i = 0; i < _slots.Count; i++)
        {
            var slot = _slots[i];
            for (var k = 0; k < takes[i]; k++)
            {
                var position = slot.Computed + k;
                _batch.Add(new BatchEntry(slot.Tokens[position], position, slot.Sequence, position == slot.Tokens.Count - 1));
            }
        }

        var outcome = _model.Decode(CollectionsMarshal.AsSpan(_batch));
        Figures.Batch();
        switch (outcome)
        {
            case DecodeOutcome.Done:
                Advance(takes);
                break;
            case DecodeOutcome.NoRoom:
                GiveWay();
                break;
            default:
                Fail(takes);
                break;
        }
    }

    /// <summary>False when a slot had to be put back.</summary>
    bool MakeRoom(int tokens)
    {
        while (_held.Tree.Cells + tokens > _model.CellsMax)
        {
            if (!_held.ForgetOldest())
            {
                GiveWay();
                return false;
            }
        }

        return true;
    }

    /// <summary>There is no room: what is only kept goes first, then the youngest request waits again, its tokens kept.</summary>
    void GiveWay()
    {
        if (_held.ForgetOldest())
        {
            return;
        }

        if (_slots.Count == 1)
        {
            End(_slots[0], "failed", "AG4036: the model server has no room for a conversation that it should hold");
        }
        else
        {
            var youngest = _slots[^1];
            _slots.Remove(youngest);
            LetGo(youngest);
            youngest.Computed = 0;
            _waiting.AddFirst(youngest);
            Figures.Preempt();
        }
    }

    void Fail(int[] takes)
    {
        foreach (var slot in _slots.Where((_, i) => takes[i] > 0).ToList())
        {
            _held.Forget(slot.Sequence);
            slot.Sequence = -1;
            End(slot, "failed", "AG4036: the library could not compute a batch");
        }
    }

    void Advance(int[] takes)
    {
        var at = 0;
        foreach (var (slot, take) in _slots.ToArray().Zip(takes))
        {
            if (take == 0)
            {
                continue;
            }

            _held.Tree.Append(slot.Sequence, Tokens(slot).Slice(slot.Computed, take));
            slot.Computed += take;
            at += take;
            if (slot.Pending == 0)
            {
                Speak(slot, _model.Logits(at - 1));
            }
        }
    }

    void Speak(Slot slot, ReadOnlySpan<float> logits)
    {
        var shape = slot.Request.Shape;
        var parts = new List<ReplyPart>();
        Pick pick;
        bool goesOn;
        try
        {
            pick = _sampler.Choose(logits, shape.Next, slot.Request.Sampling, slot.Said, slot.Chance, shape.Utf8);
            goesOn = shape.Take(pick.Token, parts);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            End(slot, "failed", $"AG4036: {e.Message}");
            return;
        }

        slot.Add(pick.Token);
        Time(slot);
        slot.Stream.Add(new GenerationEvent.Token(pick, parts));
        if (!goesOn)
        {
            End(slot, shape.FinishReason);
        }
        else if (slot.Made >= slot.Request.TokensMax || slot.Tokens.Count >= _options.ContextTokens)
        {
            End(slot, "length");
        }
    }

    void Time(Slot slot)
    {
        var now = _clock.GetTimestamp();
        (slot.Spoke == 0 ? Figures.TimeToFirstToken : Figures.TimeBetweenTokens).Add(
            _clock.GetElapsedTime(slot.Spoke == 0 ? slot.Arrived : slot.Spoke, now).TotalSeconds);
        slot.Spoke = now;
        Figures.Made();
    }

    void End(Slot slot, string reason, string? failure = null)
    {
        _slots.Remove(slot);
        LetGo(slot);
        var parts = new List<ReplyPart>();
        slot.Request.Shape.Flush(parts);
        slot.Request.Shape.Dispose();
        Figures.End(reason, Seconds(slot.Arrived));
        Interlocked.Decrement(ref _queued);
        slot.Stream.Complete(new GenerationEvent.Ended(reason, slot.Usage, parts, failure));
    }

    /// <summary>Keeps what a slot has computed for whoever begins alike, or frees it.</summary>
    void LetGo(Slot slot)
    {
        if (slot.Sequence < 0)
        {
            return;
        }

        _held.End(slot.Sequence);
        slot.Sequence = -1;
    }

    double Seconds(long since) => _clock.GetElapsedTime(since, _clock.GetTimestamp()).TotalSeconds;

    static ReadOnlySpan<int> Tokens(Slot slot) => CollectionsMarshal.AsSpan(slot.Tokens);
}
