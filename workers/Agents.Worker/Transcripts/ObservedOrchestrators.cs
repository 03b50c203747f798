using Agents.Contracts.History;
using Agents.Contracts.Work;
using Agents.Loop;

namespace Agents.Worker.Transcripts;

/// <summary>
/// The orchestrators of this process, with every event and action of agent runs shown to the transcript cache as it
/// passes: while a run is hot its conversation is never read from the store.
/// </summary>
/// <remarks>
/// A turn is seen before it is committed. That is safe because a session whose turn was not committed is disposed, and
/// its transcript with it, and because nothing an uncommitted turn asked for is ever started.
/// </remarks>
sealed class ObservedOrchestrators(IOrchestratorHost inner, TranscriptCache cache) : IOrchestratorHost
{
    public OrchestratorMatch Match(string name, string? version) => inner.Match(name, version);

    public IOrchestratorSession Open(OrchestratorIdentity identity) =>
        new Session(inner.Open(identity), identity, cache);

    sealed class Session(IOrchestratorSession inner, OrchestratorIdentity identity, TranscriptCache cache)
        : IOrchestratorSession
    {
        RunTranscript? _transcript;
        bool _isRun;

        public long ApproximateBytes => inner.ApproximateBytes;

        public OrchestratorTurn Run(IReadOnlyList<SequencedEvent> past, IReadOnlyList<SequencedEvent> fresh)
        {
            Begin(past, fresh);
            if (_transcript is { } held && !cache.Holds(held))
            {
                // Dropped for want of room: whoever needs the conversation reads it from the history.
                _transcript = null;
            }

            _transcript?.Add(past);
            _transcript?.Add(fresh);
            var turn = inner.Run(past, fresh);
            _transcript?.Add(turn.Actions);
            return turn;
        }

        public void Dispose()
        {
            if (_transcript is { } transcript)
            {
                cache.Drop(transcript);
            }

            inner.Dispose();
        }

        // Only the first turn names the orchestration; other orchestrations have no conversation.
        void Begin(IReadOnlyList<SequencedEvent> past, IReadOnlyList<SequencedEvent> fresh)
        {
            if (_isRun || _transcript is not null)
            {
                return;
            }

            var started = past.Concat(fresh).Select(e => e.Event).OfType<ExecutionStarted>().FirstOrDefault();
            _isRun = started?.Name == AgentRun.Name;
            if (_isRun)
            {
                _transcript = cache.Begin(identity.InstanceId, identity.ExecutionId);
            }
        }
    }
}
