namespace Agents.ModelServer.Training.Learning;

/// <summary>What a step is to do.</summary>
/// <param name="Rate">Part of the highest rate of learning.</param>
/// <param name="Rounded">Whether it computes with weights rounded to INT4.</param>
internal readonly record struct PlanPoint(double Rate, bool Rounded, bool Done);

internal interface IPlan
{
    PlanPoint At(long step);
}

/// <summary>So many steps: full rate up to a half, then down to zero; rounded from the half on.</summary>
internal sealed class StepPlan(long steps, long warmUp) : IPlan
{
    public PlanPoint At(long step)
    {
        var half = steps / 2;
        var rate = Math.Min(1, (step + 1.0) / warmUp) * (step < half ? 1 : (double)(steps - step) / (steps - half));
        return new PlanPoint(rate, step >= half, step >= steps);
    }
}

/// <summary>
/// Until a moment of the clock: full rate, then down to zero over the last part, rounded for the last part. A file named
/// <c>decay</c> in the folder brings the end nearer: it holds the minutes that are left.
/// </summary>
internal sealed class ClockPlan(TimeProvider clock, string folder, TimeSpan whole, TimeSpan decay, TimeSpan rounded, long warmUp) : IPlan
{
    DateTimeOffset _end = clock.GetUtcNow() + whole;
    DateTimeOffset _decays = clock.GetUtcNow() + whole - decay;
    DateTimeOffset _rounds = clock.GetUtcNow() + whole - rounded;
    bool _hurried;

    public PlanPoint At(long step)
    {
        var now = clock.GetUtcNow();
        Hurry(now);
        var rate = Math.Min(1, (step + 1.0) / warmUp) * (now < _decays ? 1 : Math.Max(0, (_end - now) / (_end - _decays)));
        return new PlanPoint(rate, now >= _rounds, now >= _end);
    }

    void Hurry(DateTimeOffset now)
    {
        var file = Path.Combine(folder, "decay");
        if (!_hurried && File.Exists(file) && double.TryParse(File.ReadAllText(file), out var minutes))
        {
            _hurried = true;
            _end = now + TimeSpan.FromMinutes(minutes);
            _decays = now;
            _rounds = now < _rounds ? now : _rounds;
        }
    }
}
