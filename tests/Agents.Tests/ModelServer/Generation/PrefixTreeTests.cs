using Agents.ModelServer.Generation;
using CsCheck;
using Xunit;

namespace Agents.Tests.ModelServer.Generation;

/// <summary>The tree beside a list of cells, each with the set of sequences it belongs to, as the library keeps them.</summary>
public sealed class PrefixTreeTests
{
    const int SequencesMax = 12;

    [Fact]
    public void A_shared_beginning_is_counted_once_and_outlives_who_computed_it()
    {
        var tree = new PrefixTree();
        tree.Fork(0, -1, 0);
        tree.Append(0, [1, 2, 3, 4, 5]);
        Assert.True(tree.Release(0));
        var match = tree.Find([1, 2, 3, 9]);
        Assert.Equal(new PrefixMatch(3, 0, false), match);
        tree.Fork(1, match.Source, match.Length);
        tree.Append(1, [9]);
        Assert.Equal(6, tree.Cells);
        tree.Remove(0);
        Assert.Equal(4, tree.Cells);
        Assert.Equal(4, tree.Find([1, 2, 3, 9, 7]).Length);
    }

    [Fact]
    public void An_idle_sequence_that_is_wholly_wanted_goes_on_as_it_is()
    {
        var tree = new PrefixTree();
        tree.Fork(4, -1, 0);
        tree.Append(4, [1, 2, 3]);
        Assert.False(tree.Find([1, 2, 3, 4]).IsWhole); // in use
        tree.Release(4);
        Assert.Equal(new PrefixMatch(3, 4, true), tree.Find([1, 2, 3, 4]));
        Assert.False(tree.Find([1, 2]).IsWhole);
        tree.Adopt(4);
        tree.Append(4, [4]);
        Assert.Equal((4, 4), (tree.Cells, tree.Length(4)));
        Assert.Null(tree.Oldest());
    }

    [Fact]
    public void What_another_holds_wholly_is_not_kept_twice()
    {
        var tree = new PrefixTree();
        tree.Fork(0, -1, 0);
        tree.Append(0, [1, 2, 3]);
        tree.Fork(1, 0, 3);
        tree.Append(1, [4]);
        Assert.False(tree.Release(0));
        Assert.True(tree.Release(1));
        Assert.Equal((1, 4), (tree.Sequences, tree.Cells));
    }

    [Fact]
    public void The_least_recently_used_goes_first()
    {
        var tree = new PrefixTree();
        for (var i = 0; i < 3; i++)
        {
            tree.Fork(i, -1, 0);
            tree.Append(i, [i, i, i]);
            tree.Release(i);
        }

        tree.Fork(7, 0, 2); // uses 0
        Assert.Equal(1, tree.Oldest());
        Assert.Equal(2, tree.Oldest(except: 1));
        Assert.Equal(2, tree.CellsInUse());
    }

    [Fact]
    public void It_does_as_a_list_of_cells_would()
    {
        // Few tokens and short stretches: beginnings meet often.
        Gen.Select(Gen.Int[0, 6], Gen.Int[0, SequencesMax - 1], Gen.Int[0, 2].Array[0, 6]).List[1, 80].Sample(Follow, iter: 250);
    }

    static void Follow(List<(int Act, int Sequence, int[] Tokens)> acts)
    {
        var (tree, model, idle) = (new PrefixTree(), new CellModel(100_000, SequencesMax), new HashSet<int>());
        foreach (var (act, sequence, tokens) in acts)
        {
            Apply(tree, model, idle, act, sequence, tokens);
            Compare(tree, model, idle, tokens);
        }
    }

    static void Apply(PrefixTree tree, CellModel model, HashSet<int> idle, int act, int sequence, int[] tokens)
    {
        var held = tree.Holds(sequence);
        switch (act)
        {
            case <= 2 when !held:
                var match = tree.Find(tokens);
                if (match.IsWhole)
                {
                    tree.Adopt(match.Source);
                    idle.Remove(match.Source);
                    break;
                }

                tree.Fork(sequence, match.Source, match.Length);
                if (match.Length > 0)
                {
                    model.Share(match.Source, sequence, match.Length);
                }

                Grow(tree, model, sequence, tokens[match.Length..]);
                break;
            case <= 3 when held && !idle.Contains(sequence):
                Grow(tree, model, sequence, tokens);
                break;
            case 4 or 5 when held && !idle.Contains(sequence):
                if (tree.Release(sequence))
                {
                    idle.Add(sequence);
                }
                else
                {
                    model.Remove(sequence);
                }

                break;
            case 6 when tree.Oldest() is { } oldest:
                tree.Remove(oldest);
                model.Remove(oldest);
                idle.Remove(oldest);
                break;
        }
    }

    static void Grow(PrefixTree tree, CellModel model, int sequence, int[] tokens)
    {
        var begin = model.Held(sequence).Count;
        tree.Append(sequence, tokens);
        for (var i = 0; i < tokens.Length; i++)
        {
            Assert.Equal(DecodeOutcome.Done, model.Decode([new BatchEntry(tokens[i], begin + i, sequence, false)]));
        }
    }

    static void Compare(PrefixTree tree, CellModel model, HashSet<int> idle, int[] tokens)
    {
        Assert.Equal(model.Cells, tree.Cells);
        Assert.Equal(idle.Count, tree.IdleSequences);
        var held = Enumerable.Range(0, SequencesMax).Where(tree.Holds).ToDictionary(s => s, model.Held);
        Assert.All(held, h => Assert.Equal(h.Value.Count, tree.Length(h.Key)));
        var match = tree.Find(tokens);
        var best = held.Values.Select(h => h.Zip(tokens).TakeWhile(p => p.First == p.Second).Count()).DefaultIfEmpty(0).Max();
        Assert.Equal(best, match.Length);
        if (best > 0)
        {
            Assert.Equal(tokens[..best], held[match.Source].Take(best));
            Assert.Equal(match.IsWhole, idle.Contains(match.Source) && held[match.Source].Count == best);
        }

        var others = new CellModel(100_000, SequencesMax);
        Assert.True(tree.CellsInUse() <= tree.Cells && others.Cells == 0);
        Assert.Equal(tree.CellsInUse() == 0, held.Where(h => !idle.Contains(h.Key)).All(h => h.Value.Count == 0));
    }
}
