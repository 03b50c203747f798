using System.Collections.Concurrent;

namespace Agents.Pool.Passing;

/// <summary>
/// How many bytes of a request make a token, learned of each model from what its servers say of prompts. Safe for use by
/// many threads.
/// </summary>
sealed class TokenRatio
{
    const double BytesAtFirst = 4;
    const double Newest = 0.2;
    const int ModelsMax = 1_000;

    readonly ConcurrentDictionary<string, double> _bytes = new(StringComparer.Ordinal);

    public int Tokens(string model, long bytes) =>
        (int)Math.Min(int.MaxValue, Math.Ceiling(bytes / _bytes.GetValueOrDefault(model, BytesAtFirst)));

    public void Learn(string model, long bytes, int tokens)
    {
        if (bytes > 0 && tokens > 0 && (_bytes.Count < ModelsMax || _bytes.ContainsKey(model)))
        {
            var ratio = Math.Clamp((double)bytes / tokens, 0.25, 64);
            _bytes.AddOrUpdate(model, ratio, (_, before) => (before * (1 - Newest)) + (ratio * Newest));
        }
    }
}
