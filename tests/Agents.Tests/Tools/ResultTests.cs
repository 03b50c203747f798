using System.Text;
using System.Text.Json;
using Agents.Tools.Methods;
using Agents.Contracts.Effects;
using Xunit;

namespace Agents.Tests.Tools;

public sealed class ResultTests
{
    [Fact]
    public async Task A_long_result_becomes_head_tail_and_a_handle_that_reads_it_whole()
    {
        var whole = string.Concat(Enumerable.Range(0, 9000).Select(i => $"línea {i} 😀\n"));
        await using var bench = new ToolBench(methods: new MethodTools().Add("long", () => whole, EffectClass.ReadOnly));
        var reply = await bench.ReplyAsync("long", "{}");
        Assert.Equal(Encoding.UTF8.GetByteCount(whole), reply.ArtifactBytes);
        Assert.StartsWith("línea 0 😀\n", reply.Content);
        Assert.EndsWith("línea 8999 😀\n", reply.Content);
        Assert.Contains(reply.Artifact!, reply.Content);
        Assert.True(Encoding.UTF8.GetByteCount(reply.Content) < bench.Settings.OffloadBytes);

        var read = new StringBuilder();
        for (long offset = 0; ;)
        {
            var piece = await bench.AnswerAsync(
                "read_artifact", ToolBench.Args(new { handle = reply.Artifact, offset, limit = 200_000 }));
            read.Append(piece.GetProperty("text").GetString());
            if (piece.GetProperty("eof").GetBoolean())
            {
                break;
            }

            offset = piece.GetProperty("next").GetInt64();
        }

        Assert.Equal(whole, read.ToString());
        Assert.Equal(reply.Artifact, (await bench.ReplyAsync("long", "{}")).Artifact);
        Assert.Single(Directory.GetFiles(Path.Combine(bench.Data, "artifacts"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_result_at_the_bound_is_shown_as_it_is()
    {
        var text = new string('x', 32_768);
        await using var bench = new ToolBench(methods: new MethodTools().Add("long", () => text, EffectClass.ReadOnly));
        var reply = await bench.ReplyAsync("long", "{}");
        Assert.Equal(text, reply.Content);
        Assert.Null(reply.Artifact);
    }

    [Theory]
    [InlineData("artifact-../../../../etc/passwd")]
    [InlineData("artifact-00000000000000000000000000000000")]
    [InlineData("x")]
    public async Task A_handle_that_names_nothing_is_refused(string handle)
    {
        await using var bench = new ToolBench();
        Assert.Contains("no artifact", await bench.RefusalAsync("read_artifact", JsonSerializer.Serialize(new { handle })));
    }
}
