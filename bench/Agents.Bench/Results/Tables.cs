using System.Globalization;
using System.Text;

namespace Agents.Bench.Results;

/// <summary>The lines as Markdown tables; a terminal shows them as they are.</summary>
static class Tables
{
    public static string SideBySide(IEnumerable<ResultLine> lines)
    {
        var all = lines.ToList();
        var best = Best(all);
        var rows = all.Where(IsThroughput).OrderBy(l => l.Number("runs")).ThenBy(l => l.Number("bytes"))
            .ThenByDescending(l => l.Number("activitiesPerSecond") ?? 0)
            .Select(l => (string[])[
                Who(l), Show(l, "runs"), Show(l, "bytes"), Show(l, "activitiesPerSecond"), Ratio(l, best),
                Show(l, "msPerActivity"), Show(l, "msP50"), Show(l, "msP99"), Show(l, "cpuUsPerActivity"),
                Show(l, "flushesPerActivity"), Show(l, "storedRatio"), Show(l, "floorPerSecond"), Show(l, "otherCores")]);
        return Draw(
            [
                "engine", "runs", "bytes", "activities/s", "x best rival", "ms/activity", "p50", "p99", "CPU us/activity",
                "flushes/activity", "stored/payload", "floor/s", "other cores",
            ],
            rows);
    }

    public static string Others(IEnumerable<ResultLine> lines)
    {
        string[] hidden = ["peer", "version", "measure", "settings", "load1"];
        var rows = lines.Where(l => !IsThroughput(l) && l.Measure != "machine").Select(l => (string[])[
            Who(l), l.Measure,
            string.Join(", ", l.ToJson().Where(p => !hidden.Contains(p.Key)).Select(p => $"{p.Key} {p.Value?.ToJsonString().Trim('"')}"))]);
        return Draw(["engine", "measure", "values"], rows);
    }

    public static string OfGoals(IEnumerable<ResultLine> lines) => Draw(
        ["goal", "bound", "measured", "reached"],
        Goals.Measured(lines).Select(g => (string[])[
            g.Goal.What, g.Goal.Bound, Format(g.Value), g.Goal.Met(g.Value) ? "yes" : "no"]));

    public static bool IsThroughput(ResultLine line) => line.Number("activitiesPerSecond") is not null;

    public static string Who(ResultLine line) => line.Peer == "ours"
        ? string.Join(' ', new[] { "ours", line.Text("store"), line.Text("effect") == "atmostonce" ? "AtMostOnce" : null, line.Text("content") == "prose" ? "prose" : null, line.Text("path") == "pooler" ? "through PgBouncer" : null }.Where(s => s is not null))
        : $"{line.Peer} {line.Text("version")}".Trim();

    /// <summary>The fastest rival for each number of runs; the bare floor is no rival.</summary>
    public static Dictionary<double, double> Best(IEnumerable<ResultLine> lines) => lines
        .Where(l => l.Peer is not ("ours" or "INSERT per step") && IsThroughput(l) && l.Number("runs") is not null)
        .GroupBy(l => l.Number("runs")!.Value)
        .ToDictionary(g => g.Key, g => g.Max(l => l.Number("activitiesPerSecond")!.Value));

    static string Ratio(ResultLine line, Dictionary<double, double> best) =>
        line.Number("runs") is { } runs && best.TryGetValue(runs, out var rival)
            ? Format(line.Number("activitiesPerSecond")!.Value / rival)
            : "";

    static string Show(ResultLine line, string name) => line.Number(name) is { } v ? Format(v) : "";

    static string Format(double value) => Math.Abs(value) >= 1000
        ? value.ToString("N0", CultureInfo.InvariantCulture)
        : value.ToString("G3", CultureInfo.InvariantCulture);

    static string Draw(string[] head, IEnumerable<string[]> rows)
    {
        var text = new StringBuilder();
        text.Append("| ").AppendJoin(" | ", head).Append(" |\n|").Insert(text.Length, " --- |", head.Length).Append('\n');
        foreach (var row in rows)
        {
            text.Append("| ").AppendJoin(" | ", row).Append(" |\n");
        }

        return text.ToString();
    }
}
