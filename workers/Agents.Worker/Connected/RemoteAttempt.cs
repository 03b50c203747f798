using System.Threading.Channels;
using Agents.Client.DurableTask;
using Agents.Contracts.Effects;
using Agents.Contracts.Work;
using Agents.Tools.Effects;
using Grpc.Core;

namespace Agents.Worker.Connected;

/// <summary>The engine's side of an attempt, as seen from a process that took it over the network.</summary>
sealed class RemoteAttempt : IActivityContext
{
    const int PiecesMax = 512;
    static readonly TimeSpan s_againMin = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan s_againMax = TimeSpan.FromSeconds(5);

    readonly TakenAttempt _item;
    readonly AttemptClient _client;
    readonly AttemptRecords _records;
    readonly TimeProvider _clock;
    readonly CancellationTokenSource _stop = new();
    readonly Lock _gate = new();
    readonly Channel<StreamDelta> _text = Channel.CreateUnbounded<StreamDelta>(new UnboundedChannelOptions { SingleReader = true });
    readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly Task _publishing;

    public RemoteAttempt(TakenAttempt item, AttemptClient client, AttemptRecords records, TimeProvider clock)
    {
        (_item, _client, _records, _clock) = (item, client, records, clock);
        _publishing = PublishAsync();
    }

    /// <summary>An AtMostOnce effect, of which the engine's ledger has an intent.</summary>
    public bool IsOnce => _item.Work is { Effect.Class: EffectClass.AtMostOnce, Mode: ActivityMode.Execute };

    /// <summary>It was let act.</summary>
    public bool HasActed { get; private set; }

    /// <summary>Cancelled when nobody waits for the attempt any more.</summary>
    public CancellationToken Stopped => _stop.Token;

    public IHistorySource History => _client;

    public Task Settled => _settled.Task;

    public bool IsHeld { get; private set; }

    /// <summary>Not for an effect that has begun: cutting it off would only turn an outcome about to be known into a doubt.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            if (IsOnce && HasActed)
            {
                return;
            }

            IsHeld = true;
        }

        _stop.Cancel();
    }

    public void Settle() => _settled.TrySetResult();

    /// <summary>The engine has the last word. That it may have been said, and not heard, is for the engine to remember.</summary>
    public bool MayAct()
    {
        if (IsHeld)
        {
            return false;
        }

        try
        {
            if (IsOnce)
            {
                _records.Begin(_item.Work.AttemptToken);
            }

            var may = _client.MayAct(_item.Token, _stop.Token);
            lock (_gate)
            {
                HasActed |= may && !IsHeld;
                return may && !IsHeld;
            }
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException)
        {
            return false;
        }
    }

    public void Publish(StreamDelta delta) => _text.Writer.TryWrite(delta);

    /// <summary>All text that was added has been taken in, or is not wanted.</summary>
    public Task TextIsOutAsync()
    {
        _text.Writer.TryComplete();
        return _publishing;
    }

    async Task PublishAsync()
    {
        var first = 0L;
        while (await _text.Reader.WaitToReadAsync())
        {
            var pieces = new List<StreamDelta>();
            while (pieces.Count < PiecesMax && _text.Reader.TryRead(out var piece))
            {
                pieces.Add(piece);
            }

            if (!await SendAsync(first, pieces))
            {
                return; // nobody wants it: the attempt is not ours any more
            }

            first += pieces.Count;
        }
    }

    /// <summary>Said again until it is heard: text that goes on after a hole would be no part of its message.</summary>
    async Task<bool> SendAsync(long first, List<StreamDelta> pieces)
    {
        for (var wait = s_againMin; ; wait = wait * 2 > s_againMax ? s_againMax : wait * 2)
        {
            try
            {
                await _client.PublishAsync(_item.Token, first, pieces, _stop.Token);
                return true;
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable or StatusCode.Internal && !_stop.IsCancellationRequested)
            {
                await Task.Delay(wait, _clock, _stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
            }
            catch (Exception e) when (e is RpcException or OperationCanceledException)
            {
                return false;
            }
        }
    }
}
