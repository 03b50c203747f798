using Agents.Contracts.Instances;
using Agents.Replay;
using Agents.TestKit.Nodes;
using Xunit;

namespace Agents.Tests.Engine;

/// <summary>The store may write on its caller's thread: whoever wakes another instance must not run it on its own stack.</summary>
public sealed class WakingTests
{
    [Fact]
    public async Task Generations_that_follow_at_once_do_not_pile_up_on_one_stack()
    {
        const int Generations = 500;
        await using var node = await StartAsync("count", c =>
        {
            var left = int.Parse(c.RawInput!);
            if (left > 0)
            {
                c.ContinueAsNewRaw($"{left - 1}");
            }

            return Task.FromResult<string?>("done");
        });

        var end = await node.EndAsync(RunOnSmallStack(node, "count", $"{Generations}"));

        Assert.Equal((OrchestrationStatus.Completed, "done", Generations), (end.Status, end.Output, end.Generation));
    }

    [Fact]
    public async Task Children_of_children_do_not_pile_up_on_one_stack()
    {
        const int Depth = 100;
        await using var node = await StartAsync("nest", async c =>
        {
            var left = int.Parse(c.RawInput!);
            return left == 0 ? "bottom" : await c.CallSubOrchestratorRawAsync("nest", $"{left - 1}");
        });

        Assert.Equal("bottom", (await node.EndAsync(RunOnSmallStack(node, "nest", $"{Depth}"))).Output);
    }

    /// <summary>The first step runs on the thread that starts the run: with little stack a pile shows after a few.</summary>
    static string RunOnSmallStack(TestNode node, string name, string input)
    {
        const int StackBytes = 256 * 1024;
        var id = "";
        var thread = new Thread(() => id = node.RunAsync(name, input).GetAwaiter().GetResult(), StackBytes);
        thread.Start();
        thread.Join();
        return id;
    }

    static Task<TestNode> StartAsync(string name, Orchestrator code) =>
        TestNode.StartAsync(new Dictionary<string, Orchestrator> { [name] = code }, _ => { });
}
