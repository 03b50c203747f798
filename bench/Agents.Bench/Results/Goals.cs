namespace Agents.Bench.Results;

/// <summary>What the product means to reach, and whether a set of measured lines does.</summary>
static class Goals
{
    public sealed record Goal(string What, string Bound, Func<ResultLine, double?> Value, Func<double, bool> Met);

    static readonly Goal[] s_all =
    [
        new("one run alone: time of an activity / one single-row commit", "<= 1.5",
            l => Agent(l, 1, 1024, "idempotent") ? l.Number("msPerFloorCommit") : null, v => v <= 1.5),
        new("one run alone, AtMostOnce tools: commits per tool call", "<= 2",
            l => Agent(l, 1, 1024, "atmostonce") ? l.Number("commitsPerToolCall") : null, v => v <= 2),
        new("64 runs at once, SQLite: activities a second", ">= 15,000",
            l => Agent(l, 64, 1024, "idempotent") && !OnPostgres(l) ? l.Number("activitiesPerSecond") : null, v => v >= 15_000),
        new("64 runs at once, PostgreSQL: activities a second", ">= 16,400",
            l => Agent(l, 64, 1024, "idempotent") && OnPostgres(l) ? l.Number("activitiesPerSecond") : null, v => v >= 16_400),
        new("512 runs at once, PostgreSQL: share of our own statement, bare", ">= 0.4",
            l => Agent(l, 512, 1024, "idempotent") && OnPostgres(l) ? l.Number("shareOfOwnStatement") : null, v => v >= 0.4),
        new("64 runs at once: CPU of an activity, microseconds", "<= 100",
            l => Agent(l, 64, 1024, "idempotent") ? l.Number("cpuUsPerActivity") : null, v => v <= 100),
        new("512 runs at once: CPU of an activity, microseconds", "<= 60",
            l => Agent(l, 512, 1024, "idempotent") ? l.Number("cpuUsPerActivity") : null, v => v <= 60),
        new("stored / payload, 1 KB of chance", "<= 1.25",
            l => Agent(l, 64, 1024, "idempotent") ? l.Number("storedRatio") : null, v => v <= 1.25),
        new("stored / payload, 8 KB of chance", "<= 1.08",
            l => Agent(l, 64, 8192, "idempotent") ? l.Number("storedRatio") : null, v => v <= 1.08),
        new("stored / payload, 1 KB of prose", "<= 0.7",
            l => Agent(l, 64, 1024, "idempotent", "prose") ? l.Number("storedRatio") : null, v => v <= 0.7),
        new("cost of step 1000 / step 10", "<= 1.1", l => Of(l, "step-cost", "costRatio"), v => v <= 1.1),
        new("300 calls ending at 248k tokens: view and request at step 300, p95 ms", "<= 10", l => Of(l, "context", "msViewP95"), v => v <= 10),
        new("same: cold resume at step 300, p95 ms", "< 250", l => Of(l, "context", "msColdResumeP95"), v => v < 250),
        new("kill -9: process ready to next step, ms", "< 40", l => Of(l, "resume", "msReadyToNextStep"), v => v < 40),
        new("kill -9: spawn to next step, ms", "< 400", l => Of(l, "resume", "msSpawnToNextStep"), v => v < 400),
        new("memory of the process with 64 hot runs, MB (PSS, as for the rivals)", "<= 200", l => Of(l, "memory", "pssMB"), v => v <= 200),
        new("idle node: statements in 10 s", "<= 1", l => Of(l, "idle", "statementsPer10s"), v => v <= 1),
        new("idle node: CPU %", "< 0.5", l => Of(l, "idle", "cpuPercent"), v => v < 0.5),
        new("timer lateness, p99 ms", "< 300", l => Of(l, "timer-lateness", "msP99"), v => v < 300),
        new("cancel latency, p99 ms", "< 300", l => Of(l, "cancel-latency", "msP99"), v => v < 300),
        new("node of a cluster, idle: statements in 2 s", "<= 1", l => Of(l, "cluster-idle", "statementsPer2s"), v => v <= 1),
        new("node of a cluster, idle: CPU %", "< 0.5", l => Of(l, "cluster-idle", "cpuPercent"), v => v < 0.5),
        new("takeover by another node after kill -9, p95 ms", "< 1500", l => Of(l, "takeover", "msP95"), v => v < 1500),
        new("a node that is told to stop, ms", "< 1000", l => Of(l, "takeover", "msDrainMax"), v => v < 1000),
        new("cancel latency from another node, p99 ms", "< 300", l => Of(l, "remote-cancel", "msP99"), v => v < 300),
        new("model server: eight replies at once / bare loop of the library", ">= 0.9",
            l => Of(l, "model-server", "shareOfBareLoop"), v => v >= 0.9),
        new("pool: added to the time to the first token of a short prompt, p50 ms", "<= 1",
            l => l.Number("length") < 1_000 ? Of(l, "pool", "msAddedP50") : null, v => v <= 1),
        new("same, of 4,000 tokens that are held", "<= 1", l => l.Number("length") >= 1_000 ? Of(l, "pool", "msAddedP50") : null, v => v <= 1),
        new("pool: tokens a second of eight replies at once / the server alone", ">= 0.97", l => Of(l, "pool", "shareOfAlone"), v => v >= 0.97),
        new("embedded model: random trees of 200 calls and more that end exactly right", ">= 0.98",
            l => l.Text("kind") == "trained" && l.Text("job") == "reference-audit" ? Of(l, "model", "shareRight") : null, v => v >= 0.98),
        new("the same with random weights", "0", l => l.Text("kind") == "random weights" ? Of(l, "model", "shareRight") : null, v => v == 0),
        new("model server: memory of the process, MB", "< 300", l => Of(l, "model-server", "rssMB"), v => v < 300),
    ];

    /// <summary>Each goal that one of the lines measures, with its value.</summary>
    public static IEnumerable<(Goal Goal, double Value)> Measured(IEnumerable<ResultLine> lines)
    {
        var ours = lines.Where(l => l.Peer == "ours").ToList();
        return s_all.Concat(AgainstRivals(lines)).Select(g => (g, Value: ours.Select(g.Value).LastOrDefault(v => v is not null)))
            .Where(x => x.Value is not null)
            .Select(x => (x.g, x.Value!.Value));
    }

    /// <summary>Where rivals were measured beside: five times the fastest of them with as many runs.</summary>
    static IEnumerable<Goal> AgainstRivals(IEnumerable<ResultLine> lines) => Tables.Best(lines)
        .Where(best => best.Key > 1).OrderBy(best => best.Key).Select(best => new Goal(
            $"{best.Key} runs at once, PostgreSQL: times the fastest rival of this run", ">= 5",
            l => Agent(l, (int)best.Key, 1024, "idempotent") && OnPostgres(l) ? l.Number("activitiesPerSecond") / best.Value : null, v => v >= 5));

    static bool OnPostgres(ResultLine line) => line.Text("store") == "postgres";

    static double? Of(ResultLine line, string measure, string name) => line.Measure == measure ? line.Number(name) : null;

    static bool Agent(ResultLine line, int runs, int bytes, string effect, string content = "random") =>
        line.Measure == "agent-300" && line.Number("runs") == runs && line.Number("bytes") == bytes
        && line.Text("effect") == effect && line.Text("content") == content && line.Number("length") == 300
        && line.Text("path") != "pooler";
}
