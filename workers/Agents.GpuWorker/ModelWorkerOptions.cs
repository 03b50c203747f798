using Agents.Contracts.Pool;

namespace Agents.GpuWorker;

/// <summary>How a model worker keeps and reports its server.</summary>
public sealed record ModelWorkerOptions
{
    /// <summary>Names it among all workers of the pool.</summary>
    public required string Name { get; init; }

    /// <summary>What the pool calls; null: the server's own base address. May be "dapr:APP-ID".</summary>
    public string? Address { get; init; }

    /// <summary>Between two reports.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait for requests in work when it leaves.</summary>
    public TimeSpan DrainWithin { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Sizes the server does not tell, or that are wanted smaller; null: what it tells.</summary>
    public WorkerFigures Bounds { get; init; } = new();

    /// <summary>Which program serves, where it is known beforehand.</summary>
    public string? Server { get; init; }

    /// <summary>Looks that must fail in a row before a server that was ready is called failed.</summary>
    public int LooksMissedMax { get; init; } = 2;

    /// <summary>Takes what people should know: a change of state, a pool that does not answer.</summary>
    public Action<string> Said { get; init; } = _ => { };

    /// <summary>Throws <see cref="ArgumentException"/> naming the first option that cannot be.</summary>
    public ModelWorkerOptions Checked()
    {
        Require(Name.Length is > 0 and <= 100 && Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_'), "Name must be 1 to 100 letters, digits, dots, dashes and underscores");
        Require(Every >= TimeSpan.FromMilliseconds(50) && Every <= TimeSpan.FromMinutes(5), "Every must be 50 ms to 5 minutes");
        Require(DrainWithin >= TimeSpan.Zero, "DrainWithin must not be negative");
        Require(LooksMissedMax >= 1, "LooksMissedMax must be positive");
        return this;
    }

    static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new ArgumentException(what);
        }
    }
}
