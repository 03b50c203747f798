using Agents.Simulation.Scheduling;

namespace Agents.Simulation.Faults;

/// <summary>What becomes of one call to the store.</summary>
enum CallFate
{
    Fine = 0,

    /// <summary>The store says that it takes nothing; nothing is in.</summary>
    Refused = 1,

    /// <summary>It is in, and the caller is told that nobody knows.</summary>
    AppliedUnknown = 2,

    /// <summary>It is not in, and the caller is told that nobody knows.</summary>
    LostUnknown = 3,

    /// <summary>The caller is told that nobody knows while it is still under way; it goes in later.</summary>
    LateUnknown = 4,
}

/// <summary>How often links and store fail; quiet once the faults are over.</summary>
sealed class FaultPlan(SimRandom random)
{
    public bool IsActive { get; set; } = true;

    public CallFate OfWrite()
    {
        if (!IsActive)
        {
            return CallFate.Fine;
        }

        return random.Below(1000) switch
        {
            < 10 => CallFate.Refused,
            < 22 => CallFate.AppliedUnknown,
            < 32 => CallFate.LostUnknown,
            < 40 => CallFate.LateUnknown,
            _ => CallFate.Fine,
        };
    }

    public CallFate OfRead() => IsActive && random.Chance(0.002) ? CallFate.Refused : CallFate.Fine;

    /// <summary>Mostly quick; now and then a call hangs on the way.</summary>
    public TimeSpan Latency() => IsActive && random.Chance(0.01)
        ? random.Between(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2))
        : random.Between(TimeSpan.FromMicroseconds(20), TimeSpan.FromMicroseconds(400));

    /// <summary>How long an undecided transaction may still hang about.</summary>
    public TimeSpan Limbo() => random.Between(TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(3));
}
