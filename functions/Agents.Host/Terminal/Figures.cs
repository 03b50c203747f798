using System.Globalization;
using Agents.Contracts.Transcript;

namespace Agents.Host.Terminal;

/// <summary>Numbers and texts as a terminal shows them.</summary>
static class Figures
{
    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Usd(decimal? cost) => cost is { } usd
        ? string.Create(CultureInfo.InvariantCulture, $"${usd:0.####}")
        : "no price";

    public static string Tokens(TokenUsage usage) =>
        $"{Count(usage.In)} in{(usage.InHit > 0 ? $" ({100 * usage.InHit / Math.Max(1, usage.In)} % cached)" : "")}, {Count(usage.Out)} out";

    public static string Time(TimeSpan time) => time switch
    {
        { TotalSeconds: < 10 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s"),
        { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s"),
        { TotalHours: < 1 } => $"{time.Minutes} min {time.Seconds} s",
        { TotalDays: < 1 } => $"{(int)time.TotalHours} h {time.Minutes} min",
        _ => $"{(int)time.TotalDays} d {time.Hours} h",
    };

    /// <summary>One line of at most so many characters, control characters made visible.</summary>
    public static string Short(string text, int max)
    {
        var line = string.Concat(text.Select(c => c is '\n' or '\r' or '\t' ? ' ' : char.IsControl(c) ? '\uFFFD' : c));
        return line.Length <= max ? line : line[..Math.Max(0, max - 1)] + "…";
    }

    /// <summary>The last lines of a text, wrapped at a width.</summary>
    public static IReadOnlyList<string> LastLines(string text, int width, int count)
    {
        var lines = new List<string>();
        foreach (var line in text.Split('\n'))
        {
            var rest = Short(line, int.MaxValue);
            while (rest.Length > width)
            {
                var cut = rest.LastIndexOf(' ', width);
                cut = cut < width / 2 ? width : cut;
                lines.Add(rest[..cut]);
                rest = rest[cut..].TrimStart();
            }

            if (rest.Length > 0)
            {
                lines.Add(rest);
            }
        }

        return lines.Count <= count ? lines : lines[^count..];
    }
}
