namespace Agents.Pool.Routing;

/// <summary>
/// Weights and patience of routing. Costs are counted in prompt tokens: what a worker computes in the time of one token of
/// a prompt. The defaults are those that `./dev bench schedule` measures.
/// </summary>
public sealed record RoutingOptions
{
    public static RoutingOptions Default { get; } = new();

    /// <summary>Cost of joining a worker for each request it makes tokens for: its steps grow longer.</summary>
    public double RunningWeight { get; init; } = 128;

    /// <summary>Cost of each token owed to others: the request waits for them.</summary>
    public double OwedWeight { get; init; } = 1;

    /// <summary>Cost of each token that a run is expected to come back for and that would have to give way.</summary>
    public double LossWeight { get; init; } = 1;

    /// <summary>Cost of each token held for others, in work or expected back: spreads new runs over the room.</summary>
    public double CommittedWeight { get; init; } = 0.05;

    /// <summary>
    /// A run stays where it is unless elsewhere is cheaper by this share of its prompt: the same few tokens of difference
    /// must not send it to and fro.
    /// </summary>
    public double StickinessShare { get; init; } = 0.1;

    /// <summary>A request of which a worker holds this share goes on there; one with less is a stranger and may be held back.</summary>
    public double GoesOnShare { get; init; } = 0.5;

    /// <summary>How long a run is expected back after its last step where nobody said when; 0 expects nobody.</summary>
    public TimeSpan ExpectedBackWithin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long after the time it was announced for a run is still expected.</summary>
    public TimeSpan LateBy { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a stranger is held back rather than let push out runs that are expected back.</summary>
    public TimeSpan InteractivePatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The same for batch.</summary>
    public TimeSpan BatchPatience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A run that came in is not pushed out before it had this long: its prompt was read for more than one step.</summary>
    public TimeSpan StayAtLeast { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Waited so long, a batch request counts as interactive.</summary>
    public TimeSpan BatchAgesAfter { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Waited so long, a request is given the next room there is: a worker takes nobody else until it fits.</summary>
    public TimeSpan StarvesAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The same with all times multiplied, for traces that are played faster.</summary>
    public RoutingOptions TimesBy(double factor) => this with
    {
        ExpectedBackWithin = ExpectedBackWithin * factor, LateBy = LateBy * factor, InteractivePatience = InteractivePatience * factor,
        BatchPatience = BatchPatience * factor, StayAtLeast = StayAtLeast * factor, BatchAgesAfter = BatchAgesAfter * factor,
        StarvesAfter = StarvesAfter * factor,
    };

    /// <summary>Throws <see cref="ArgumentException"/> that names the value that is out of its bounds.</summary>
    public void Check()
    {
        foreach (var (name, value) in new (string, double)[]
        {
            (nameof(RunningWeight), RunningWeight), (nameof(OwedWeight), OwedWeight), (nameof(LossWeight), LossWeight),
            (nameof(CommittedWeight), CommittedWeight), (nameof(StickinessShare), StickinessShare), (nameof(GoesOnShare), GoesOnShare),
            (nameof(ExpectedBackWithin), ExpectedBackWithin.TotalSeconds), (nameof(LateBy), LateBy.TotalSeconds),
            (nameof(InteractivePatience), InteractivePatience.TotalSeconds), (nameof(BatchPatience), BatchPatience.TotalSeconds),
            (nameof(StayAtLeast), StayAtLeast.TotalSeconds), (nameof(BatchAgesAfter), BatchAgesAfter.TotalSeconds),
            (nameof(StarvesAfter), StarvesAfter.TotalSeconds),
        })
        {
            if (!double.IsFinite(value) || value < 0)
            {
                throw new ArgumentException($"{name} is {value}; it must be 0 or more", name);
            }
        }
    }
}
