using Agents.Contracts.Work;
using Agents.Tools.Effects;

namespace Agents.Tools;

/// <summary>What tools need of the process around them. Built once, at start.</summary>
public sealed record ToolEnvironment
{
    /// <summary>Absolute path; worklists, artifacts and effect journals live below it.</summary>
    public required string DataDirectory { get; init; }

    public required TimeProvider Clock { get; init; }

    public IEffectObserver Observer { get; init; } = NoEffectObserver.Instance;

    /// <summary>Reads environment variables; secrets come by name only.</summary>
    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>Workers that connect to this process; null: it takes none.</summary>
    public IConnectedWorkers? Workers { get; init; }

    /// <summary>A call that has not answered by then is given up.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Longest wait for a file that another process has locked.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
