using Agents.ModelServer.Generation;

namespace Agents.ModelServer.Training.Data;

/// <summary>
/// Examples of another source, in part of which pieces of words have exchanged places, the same way all over the example: what
/// was a copy stays one, of words that no book holds. So a model learns to copy, and not which pieces follow each other.
/// </summary>
/// <param name="pieces">The tokens that may stand for each other.</param>
/// <param name="part">Of the examples that are changed, from 0 to 1.</param>
internal sealed class StrangeWords(IExampleSource inner, IReadOnlyList<int> pieces, ulong seed, double part) : IExampleSource, IAsyncDisposable
{
    readonly int[] _exchanged = new int[pieces.Count];
    readonly Dictionary<int, int> _places = pieces.Select((token, place) => (token, place)).ToDictionary(p => p.token, p => p.place);

    public int Next(ulong index, Span<int> tokens, Span<float> weights)
    {
        var count = inner.Next(index, tokens, weights);
        var chance = new Chance(seed ^ (index * 0x9FB21C651E98DF25));
        if (chance.NextUnit() >= part)
        {
            return count;
        }

        for (var i = 0; i < _exchanged.Length; i++)
        {
            var other = chance.Below(i + 1);
            _exchanged[i] = _exchanged[other];
            _exchanged[other] = pieces[i];
        }

        foreach (ref var token in tokens[..count])
        {
            token = _places.TryGetValue(token, out var place) ? _exchanged[place] : token;
        }

        return count;
    }

    public ValueTask DisposeAsync() => inner is IAsyncDisposable disposable ? disposable.DisposeAsync() : ValueTask.CompletedTask;
}
