using Agents.Bench.Results;
using Agents.Bench.Stores;
using Agents.Bench.Workload;
using Agents.Contracts.Effects;

namespace Agents.Bench.Measures;

/// <summary>
/// Whether a step costs more the longer its run is: runs of a bit more than 1000 activities, what those around 10, 100
/// and 1000 cost. Many runs at once as well: then processor time shows, which a lone run's sync would hide; there step 10
/// falls into the start of all the others and says nothing.
/// </summary>
static class StepCostMeasure
{
    const int Length = 1020, Runs = 16;

    public static async IAsyncEnumerable<ResultLine> TakeAsync(BenchOptions options)
    {
        var runs = new AgentRuns(Length, options.Bytes, EffectClass.Idempotent);
        await using var store = BenchStore.Of(options);
        var activities = new BenchActivities(new Words(options.Prose), runs);
        List<double> alone10 = [], alone100 = [], alone1000 = [], many100 = [], many1000 = [];
        await using var node = await BenchNode.OpenAsync(store, activities);
        await node.RunAllAsync(runs, Runs);
        for (var i = 0; i < options.Repetitions; i++)
        {
            await RepeatAsync(node, activities.Times, runs, 1);
            alone10.Add(Around(activities.Times, 10));
            alone100.Add(Around(activities.Times, 100));
            alone1000.Add(Around(activities.Times, 1000));
            await RepeatAsync(node, activities.Times, runs, Runs);
            many100.Add(Around(activities.Times, 100));
            many1000.Add(Around(activities.Times, 1000));
        }

        double ten = new Sample(alone10).Median, thousand = new Sample(alone1000).Median;
        double hundredOfMany = new Sample(many100).Median, thousandOfMany = new Sample(many1000).Median;
        yield return new ResultLine("step-cost").Set("store", options.Store).Set("bytes", options.Bytes)
            .Set("repetitions", options.Repetitions)
            .Set("msAt10", ten).Set("msAt100", new Sample(alone100).Median).Set("msAt1000", thousand)
            .Set("costRatio", thousand / ten)
            .Set("runs", Runs).Set("manyMsAt100", hundredOfMany).Set("manyMsAt1000", thousandOfMany)
            .Set("manyCostRatio", thousandOfMany / hundredOfMany);
    }

    static Task RepeatAsync(BenchNode node, StepTimes times, AgentRuns runs, int count)
    {
        times.Clear();
        return node.RunAllAsync(runs, count);
    }

    // The same number of activities on each side, so that both medians are of as many values.
    static double Around(StepTimes times, int step) => new Sample(times.Milliseconds(step - 8, step + 8)).Median;
}
