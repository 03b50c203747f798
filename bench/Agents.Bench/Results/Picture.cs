using System.Globalization;
using System.Text;

namespace Agents.Bench.Results;

/// <summary>Activities a second as bars on a logarithmic scale, one group for each number of concurrent runs.</summary>
static class Picture
{
    const int Width = 760, Left = 230, BarHeight = 20, Step = 26, HeadHeight = 34, Most = 520_000;

    public static string Draw(IEnumerable<ResultLine> lines)
    {
        var groups = lines.Where(l => Tables.IsThroughput(l) && l.Number("bytes") == 1024 && l.Text("content") != "prose")
            .GroupBy(l => l.Number("runs") ?? 0).OrderBy(g => g.Key).ToList();
        var body = new StringBuilder();
        var y = 0;
        foreach (var group in groups)
        {
            y += HeadHeight;
            body.Append(Invariant($"""<text x="10" y="{y - 8}" font-weight="bold">{group.Key} run{(group.Key == 1 ? "" : "s")} at once, activities a second</text>""")).Append('\n');
            foreach (var (label, value, colour) in Bars(group).OrderByDescending(b => b.Value))
            {
                var length = (Width - Left - 80) * Math.Log10(Math.Max(1, value)) / Math.Log10(Most);
                body.Append(Invariant(
                    $"""
                    <text x="{Left - 8}" y="{y + 15}" text-anchor="end">{label}</text>
                    <rect x="{Left}" y="{y}" width="{length:F0}" height="{BarHeight}" fill="{colour}"/>
                    <text x="{Left + length + 6:F0}" y="{y + 15}">{value:N0}</text>

                    """));
                y += Step;
            }
        }

        return Invariant(
            $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{y + 14}" viewBox="0 0 {Width} {y + 14}" font-family="sans-serif" font-size="13">
            <rect width="100%" height="100%" fill="white"/>
            {body}</svg>

            """);
    }

    static IEnumerable<(string Label, double Value, string Colour)> Bars(IEnumerable<ResultLine> group)
    {
        foreach (var line in group)
        {
            var ours = line.Peer == "ours";
            yield return (Tables.Who(line), line.Number("activitiesPerSecond")!.Value, ours ? "#2563eb" : "#9ca3af");
            if (ours && line.Number("floorPerSecond") is { } floor && line.Text("effect") == "idempotent")
            {
                yield return ($"floor: bare {line.Text("store")}", floor, "#d1d5db");
            }
        }
    }

    static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
