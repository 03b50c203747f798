namespace Agents.Host.Proof;

/// <summary>What `agents prove` found.</summary>
sealed record ProofReport
{
    public required bool Holds { get; init; }
    public required int Seed { get; init; }
    public required int Kills { get; init; }

    /// <summary>Of the kills, those that hit a process which had not yet done anything new.</summary>
    public required int KillsDuringRecovery { get; init; }
    public required EffectCounts Effects { get; init; }
    public required RecoveryTimes RecoveryMs { get; init; }

    /// <summary>Output files of the unharmed run.</summary>
    public required int OutputFiles { get; init; }

    /// <summary>Files that are missing, additional or other bytes.</summary>
    public required IReadOnlyList<string> Differing { get; init; }
    public required string StatusUnharmed { get; init; }
    public required string StatusKilled { get; init; }
    public required int ToolCalls { get; init; }
    public required long ElapsedMs { get; init; }
    public string? KeptIn { get; init; }
}

/// <summary>
/// Effects of the killed run against those of the unharmed one. Seen counts what the tools themselves said they did, and
/// what the ledger holds a receipt for where the process died before the tool could say so.
/// </summary>
sealed record EffectCounts(int Expected, int Seen, int Doubled, int Lost, int InDoubt);

/// <summary>Spawn of a process to the first new thing in the run's stream.</summary>
sealed record RecoveryTimes(double P50, double Max, int Measured);
