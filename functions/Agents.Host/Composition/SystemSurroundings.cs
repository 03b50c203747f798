using System.Runtime.InteropServices;
using Agents.Engine;

namespace Agents.Host.Composition;

/// <summary>
/// The machine's clock. Timestamps count the time the machine was suspended (CLOCK_BOOTTIME): a start deadline that
/// slept through a suspended night must have passed.
/// </summary>
sealed class MachineClock : TimeProvider
{
    const int BootTime = 7;

    public static readonly MachineClock Instance = new();

    public override long TimestampFrequency => OperatingSystem.IsLinux() ? 1_000_000_000 : base.TimestampFrequency;

    public override long GetTimestamp() => OperatingSystem.IsLinux() && ReadClock(BootTime, out var time) == 0
        ? (time.Seconds * 1_000_000_000) + time.Nanoseconds
        : base.GetTimestamp();

    [DllImport("libc", EntryPoint = "clock_gettime")]
    static extern int ReadClock(int clock, out Time time);

    [StructLayout(LayoutKind.Sequential)]
    struct Time
    {
        public long Seconds;
        public long Nanoseconds;
    }
}

/// <summary>Ids of the operating system's generator.</summary>
sealed class RandomIds : IIdSource
{
    public Guid NextGuid() => Guid.NewGuid();
}
