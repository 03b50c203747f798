using System.Text;

namespace Agents.Bench.Results;

/// <summary>The page of one record.</summary>
static class Page
{
    public static string Write(IReadOnlyList<ResultLine> lines, string name)
    {
        var text = new StringBuilder($"# Bench {name}\n");
        foreach (var machine in lines.Where(l => l.Measure == "machine"))
        {
            text.Append($"\n{string.Join(", ", machine.ToJson().Where(p => p.Key != "measure").Select(p => $"{p.Key} {p.Value?.ToJsonString().Trim('"')}"))}.\n");
        }

        text.Append(
            $"""

            Medians of the repetitions each line names, after a warm-up. A floor is what the database alone did in the same
            run, on the same disk, with rows of the same size. "other cores" is what other processes of the machine used
            meanwhile: where it is not near 0, compare ratios inside one line only.

            ![activities a second]({name}.svg)

            ## Throughput and latency

            {Tables.SideBySide(lines)}
            ## Goals

            {Tables.OfGoals(lines)}
            ## Everything else

            {Tables.Others(lines)}
            """);
        return text.ToString().TrimEnd() + "\n";
    }
}
