namespace Agents.Contracts.Effects;

/// <summary>Where an entry of the effect ledger stands.</summary>
public enum LedgerState
{
    /// <summary>An attempt may be running.</summary>
    Intent = 0,

    /// <summary>The effect happened and its outcome is known.</summary>
    Receipt = 1,

    /// <summary>Owner lost, outcome unknown: a probe or a person decides.</summary>
    InDoubt = 2,

    /// <summary>Proven not to have happened; the next attempt writes a new intent.</summary>
    Absent = 3,
}
