using System.Net;
using Agents.Cluster.Placing;
using Orleans.Runtime;
using Xunit;

namespace Agents.Tests.Cluster;

/// <summary>Where instances go, and when some should move.</summary>
public sealed class PlacingTests
{
    const double MemoryMax = 0.8;

    static readonly SiloAddress s_here = Node(1), s_there = Node(2), s_third = Node(3);

    [Fact]
    public void Here_is_chosen_until_another_node_has_clearly_less()
    {
        var board = Board((s_here, 8, 0.1), (s_there, 5, 0.1));
        Assert.Equal(s_here, board.Choose([s_here, s_there], s_here));
        board.Report(s_here, new NodeLoad(12, 0.1, false));
        Assert.Equal(s_there, board.Choose([s_here, s_there], s_here));
    }

    [Fact]
    public void What_was_placed_since_the_last_report_counts()
    {
        var board = Board((s_here, 100, 0.1), (s_there, 0, 0.1), (s_third, 0, 0.1));
        var placed = Enumerable.Range(0, 40).Select(_ => board.Choose([s_here, s_there, s_third], s_here)).ToList();
        Assert.Equal(20, placed.Count(p => s_there.Equals(p)));
        Assert.Equal(20, placed.Count(p => s_third.Equals(p)));
    }

    [Fact]
    public void Nodes_without_memory_get_nothing_while_others_have_some()
    {
        var board = Board((s_here, 0, 0.9), (s_there, 50, 0.2));
        Assert.Equal(s_there, board.Choose([s_here, s_there], s_here));
        board.Report(s_there, new NodeLoad(50, 0.9, false));
        Assert.Equal(s_here, board.Choose([s_here, s_there], s_here));
    }

    [Fact]
    public void A_leaving_node_gets_nothing_even_if_it_is_the_last()
    {
        var board = Board((s_there, 50, 0.2));
        board.Report(s_here, new NodeLoad(0, 0.1, Leaving: true));
        Assert.Equal(s_there, board.Choose([s_here, s_there], s_here));
        Assert.Null(board.Choose([s_here], s_here));
    }

    [Theory]
    [InlineData(40, new[] { 0 }, 20)]
    [InlineData(200, new[] { 0, 10 }, 32)]   // never more than that at a time
    [InlineData(12, new[] { 5, 5 }, 0)]      // not worth a move
    [InlineData(10, new[] { 40 }, 0)]
    [InlineData(10, new int[0], 0)]
    public void Only_a_clear_excess_moves(int own, int[] others, int leave) => Assert.Equal(
        leave, Balance.Excess(new NodeLoad(own, 0.1, false), [.. others.Select(n => new NodeLoad(n, 0.1, false))], MemoryMax));

    [Fact]
    public void A_node_short_of_memory_makes_room_if_others_have_some()
    {
        var full = new NodeLoad(20, 0.95, false);
        Assert.Equal(8, Balance.Excess(full, [new NodeLoad(20, 0.1, false)], MemoryMax));
        Assert.Equal(0, Balance.Excess(full, [new NodeLoad(0, 0.9, false)], MemoryMax));
        Assert.Equal(0, Balance.Excess(full, [new NodeLoad(0, 0.1, Leaving: true)], MemoryMax));
    }

    static LoadBoard Board(params (SiloAddress Node, int Instances, double Memory)[] loads)
    {
        var board = new LoadBoard(MemoryMax);
        foreach (var (node, instances, memory) in loads)
        {
            board.Report(node, new NodeLoad(instances, memory, false));
        }

        return board;
    }

    static SiloAddress Node(int number) => SiloAddress.New(IPAddress.Loopback, 1000 + number, number);
}
