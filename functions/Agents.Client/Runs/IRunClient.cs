using Agents.Contracts.Client;
using Agents.Contracts.Effects;

namespace Agents.Client.Runs;

/// <summary>
/// What users do with runs. Two implementations: in process over the engine's client seams, and over the REST API
/// (loopback or the Unix socket of a hosting process).
/// </summary>
public interface IRunClient
{
    /// <summary>Durable before it returns. The same key with the same job is the same run.</summary>
    Task<RunStarted> StartAsync(RunStart start, CancellationToken cancel);

    /// <summary>Null when there is no such run.</summary>
    Task<RunView?> GetAsync(string run, CancellationToken cancel);

    Task<RunPage> ListAsync(RunFilter filter, CancellationToken cancel);

    /// <summary>Cancel, pause, resume, steer, resolve: accepted means durable.</summary>
    Task<CommandOutcome> SendAsync(string run, RunCommand command, string? dedupKey, CancellationToken cancel);

    /// <summary>The run's stream after a place (null: from the start), live until the run has ended.</summary>
    IAsyncEnumerable<RunEvent> StreamAsync(string run, StreamOffset? after, CancellationToken cancel);
}

/// <summary>What engineers read of a run afterwards.</summary>
public interface IRunArchive
{
    /// <summary>A page of history events; null when there is no such run.</summary>
    Task<HistoryPage?> ReadHistoryAsync(string run, HistoryFrom from, CancellationToken cancel);

    /// <summary>Ledger entries, oldest first; null when there is no such run.</summary>
    Task<IReadOnlyList<LedgerEntry>?> ReadEffectsAsync(string run, bool inDoubtOnly, CancellationToken cancel);

    Task<ArchiveOutcome> ForkAsync(string run, int atStep, CancellationToken cancel);

    Task<ArchiveOutcome> RestartAsync(string run, CancellationToken cancel);

    Task<ArchiveOutcome> RewindAsync(string run, CancellationToken cancel);

    Task<ArchiveOutcome> PurgeAsync(string run, bool force, CancellationToken cancel);
}
