namespace Agents.Client.Runs;

/// <summary>A job as written, and what the caller says beside it.</summary>
public sealed record RunStart
{
    /// <summary>The job file's text, docs/job-file.md.</summary>
    public required string Job { get; init; }

    public JobOverrides Overrides { get; init; } = new();

    /// <summary>Same key, same job: the same run. Null mints a random id.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>Who may be asked for what; a guest may not name programs, variables or addresses.</summary>
    public JobTrust Trust { get; init; } = JobTrust.Owner;
}

public enum JobTrust
{
    /// <summary>The owner of the data directory: command line and Unix socket.</summary>
    Owner = 0,

    /// <summary>Anyone who reaches the TCP port.</summary>
    Guest = 1,
}

/// <summary>Settings given beside the job file; each wins over the file's.</summary>
public sealed record JobOverrides
{
    /// <summary>Folder that relative paths of the job file start from; null: the host's default root.</summary>
    public string? BaseDirectory { get; init; }
    public string? Root { get; init; }

    /// <summary>A file (its folder receives the outputs, its name replaces {out}), or a folder ending in a slash.</summary>
    public string? Out { get; init; }
    public string? Model { get; init; }
    public string? BaseUrl { get; init; }
    public string? ApiKeyEnv { get; init; }
}

/// <summary><paramref name="Existing"/>: the key was used before with the same job, and this is that run.</summary>
public sealed record RunStarted(string Run, bool Existing);

/// <summary>What can be said to a run.</summary>
public abstract record RunCommand
{
    public sealed record Cancel(string? Reason) : RunCommand;

    public sealed record Pause(string? Reason) : RunCommand;

    /// <summary>Lifts a pause, or makes a parked run go on.</summary>
    public sealed record Resume(string? Reason) : RunCommand;

    public sealed record Steer(string Text) : RunCommand;

    /// <summary>A person's decision about an effect in doubt; <paramref name="Key"/> may be a unique prefix.</summary>
    public sealed record Resolve(string Key, Contracts.Effects.EffectVerdict Verdict, string? Result, string By) : RunCommand;
}

/// <summary>What became of a command.</summary>
public sealed record CommandOutcome(CommandResult Result, string? Why = null);

public enum CommandResult
{
    Accepted = 0,
    NotFound = 1,

    /// <summary>The run has ended.</summary>
    Finished = 2,

    /// <summary>Does not apply, and why.</summary>
    Refused = 3,
}

public sealed record ArchiveOutcome(bool Done, string? Run, string? Refusal, bool NotFound = false);

/// <summary>Filters are ANDed; page size 1 to 1000.</summary>
public sealed record RunFilter
{
    public IReadOnlyList<string> Statuses { get; init; } = [];
    public string? Name { get; init; }
    public string? IdPrefix { get; init; }
    public KeyValuePair<string, string>? Tag { get; init; }
    public DateTimeOffset? CreatedFrom { get; init; }
    public DateTimeOffset? CreatedTo { get; init; }
    public int PageSize { get; init; } = 50;
    public string? After { get; init; }
}

public sealed record RunPage(IReadOnlyList<RunView> Runs, string? Next);

/// <summary>Where a history page begins; generation null: the current one.</summary>
public sealed record HistoryFrom(int? Generation, long Sequence, int Max);

/// <summary>Events in order; <paramref name="Next"/> is the sequence the next page begins at, null at the end.</summary>
public sealed record HistoryPage(
    string Run, int Generation, int Generations, IReadOnlyList<HistoryItem> Events, long? Next)
{
    /// <summary>The execution these events belong to.</summary>
    public Contracts.Client.ExecutionView? Execution { get; init; }
}

public sealed record HistoryItem(long Sequence, Contracts.History.HistoryEvent Event);
