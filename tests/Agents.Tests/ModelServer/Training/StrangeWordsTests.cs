using Agents.ModelServer.Training.Data;
using Xunit;

namespace Agents.Tests.ModelServer.Training;

public sealed class StrangeWordsTests
{
    static readonly int[] s_pieces = [.. Enumerable.Range('a', 26)];

    [Fact]
    public void Pieces_exchange_places_the_same_way_all_over_an_example_and_the_rest_stays()
    {
        var plain = Example(new CopySource(1, 4, 3), 7);
        var strange = Example(new StrangeWords(new CopySource(1, 4, 3), s_pieces, 2, part: 1), 7);
        Assert.Equal(plain.Tokens.Length, strange.Tokens.Length);
        Assert.Equal(plain.Weights, strange.Weights);
        var exchanged = plain.Tokens.Zip(strange.Tokens).Distinct().ToList();
        Assert.Contains(exchanged, p => p.First != p.Second);
        Assert.Equal(exchanged.Count, exchanged.Select(p => p.First).Distinct().Count());
        Assert.Equal(exchanged.Count, exchanged.Select(p => p.Second).Distinct().Count());
        Assert.All(exchanged, p => Assert.Equal(s_pieces.Contains(p.First), s_pieces.Contains(p.Second)));
        Assert.All(exchanged.Where(p => !s_pieces.Contains(p.First)), p => Assert.Equal(p.First, p.Second));
    }

    [Fact]
    public void An_example_is_a_function_of_its_number_and_only_a_part_is_changed()
    {
        var one = new StrangeWords(new CopySource(1, 4, 3), s_pieces, 2, part: 0.5);
        var other = new StrangeWords(new CopySource(1, 4, 3), s_pieces, 2, part: 0.5);
        var later = Enumerable.Range(0, 40).Select(i => Example(one, (ulong)i).Tokens).ToList();
        Assert.All(Enumerable.Range(0, 40).Reverse(), i => Assert.Equal(later[i], Example(other, (ulong)i).Tokens));
        var same = Enumerable.Range(0, 40).Count(i => later[i].SequenceEqual(Example(new CopySource(1, 4, 3), (ulong)i).Tokens));
        Assert.InRange(same, 8, 32);
    }

    static (int[] Tokens, float[] Weights) Example(IExampleSource source, ulong index)
    {
        var tokens = new int[600];
        var weights = new float[600];
        var count = source.Next(index, tokens, weights);
        return (tokens[..count], weights[..count]);
    }
}
