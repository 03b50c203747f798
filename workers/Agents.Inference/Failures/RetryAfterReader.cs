using System.Globalization;
using System.Net.Http.Headers;

namespace Agents.Inference.Failures;

/// <summary>Reads how long a server asks us to wait: retry-after-ms, else retry-after in seconds or as a date.</summary>
internal static class RetryAfterReader
{
    public static TimeSpan? Read(HttpResponseHeaders headers, DateTimeOffset now)
    {
        if (Number(headers, "retry-after-ms") is { } ms)
        {
            return Bounded(ms);
        }

        if (Number(headers, "retry-after") is { } seconds)
        {
            return Bounded(seconds * 1000);
        }

        return First(headers, "retry-after") is { } text
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)
                ? Bounded((date - now).TotalMilliseconds)
                : null;
    }

    static double? Number(HttpResponseHeaders headers, string name) =>
        double.TryParse(First(headers, name), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
        && double.IsFinite(value) ? value : null;

    static string? First(HttpResponseHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out var values) ? values.FirstOrDefault()?.Trim() : null;

    static TimeSpan Bounded(double ms) =>
        TimeSpan.FromMilliseconds(Math.Clamp(ms, 0, Contracts.Runs.ModelFailure.RetryAfterMax.TotalMilliseconds));
}
