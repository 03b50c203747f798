using System.Globalization;

namespace Agents.GpuWorker.Probing;

/// <summary>A page of Prometheus' text form, read for the few figures that are wanted. What cannot be read is skipped.</summary>
public sealed class MetricsPage
{
    const int LinesMax = 100_000;

    readonly Dictionary<string, List<Series>> _series = new(StringComparer.Ordinal);

    MetricsPage()
    {
    }

    public static MetricsPage Read(string text)
    {
        var page = new MetricsPage();
        var lines = 0;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (++lines > LinesMax)
            {
                break;
            }

            page.Take(line.Trim());
        }

        return page;
    }

    public bool Has(string prefix) => _series.Keys.Any(k => k.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>All series of the first of the names that is there, added up; null where none is.</summary>
    public double? Sum(params string[] names) => Find(names)?.Sum(s => s.Value);

    /// <summary>The mean of all series of the first of the names that is there; null where none is.</summary>
    public double? Mean(params string[] names) => Find(names)?.Average(s => s.Value);

    /// <summary>A number in a label of each series of that name.</summary>
    public IEnumerable<double> Labels(string name, string label) => (Find([name]) ?? [])
        .Select(s => double.TryParse(s.Label(label), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN);

    List<Series>? Find(string[] names) => names.Select(n => _series.GetValueOrDefault(n)).FirstOrDefault(s => s is { Count: > 0 });

    // NAME{label="value",…} NUMBER [TIME]
    void Take(ReadOnlySpan<char> line)
    {
        if (line.IsEmpty || line[0] == '#')
        {
            return;
        }

        var open = line.IndexOf('{');
        var close = open < 0 ? -1 : line.LastIndexOf('}');
        if (open >= 0 && close < open)
        {
            return;
        }

        var name = open >= 0 ? line[..open] : line.IndexOf(' ') is > 0 and var space ? line[..space] : default;
        var rest = (open >= 0 ? line[(close + 1)..] : line[name.Length..]).Trim();
        var end = rest.IndexOf(' ');
        if (!name.IsEmpty && double.TryParse(end < 0 ? rest : rest[..end], NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value))
        {
            var key = name.Trim().ToString();
            (_series.TryGetValue(key, out var list) ? list : _series[key] = []).Add(new Series(open >= 0 ? line[(open + 1)..close].ToString() : "", value));
        }
    }

    readonly record struct Series(string Labels, double Value)
    {
        public string? Label(string name)
        {
            var mark = $"{name}=\"";
            var at = Labels.StartsWith(mark, StringComparison.Ordinal) ? 0 : Labels.IndexOf("," + mark, StringComparison.Ordinal) + 1;
            if (at == 0 && !Labels.StartsWith(mark, StringComparison.Ordinal))
            {
                return null;
            }

            var from = at + mark.Length;
            var to = Labels.IndexOf('"', from);
            return to < 0 ? null : Labels[from..to];
        }
    }
}
