using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.TestKit.Models;
using Agents.Tests.Loop;
using Agents.Tools;
using Agents.Tools.Catalogue;
using Agents.Tools.Running;
using Agents.Worker;
using Agents.Worker.Activities;
using Xunit;

namespace Agents.Tests.Worker;

/// <summary>Everything real but the engine: the loop, the wire to a model server, the built-in tools on a folder.</summary>
public sealed class CatalogueToolsTests
{
    [Fact]
    public async Task A_run_reads_files_mends_a_bad_call_and_answers()
    {
        var cancel = TestContext.Current.CancellationToken;
        var root = Directory.CreateTempSubdirectory("agents-worker-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(root.FullName, "a.txt"), "first\nsecond\n", cancel);
            await using var server = await FakeModelServer.StartAsync(cancel);
            server.Enqueue(
                FakeReply.Calls(("list_files", "{}"), ("read_file", """{"file":"a.txt"}""")),
                FakeReply.Calls(("read_file", """{"path":"a.txt"}""")),
                FakeReply.Answer("two lines"));
            await using var catalogue = new ToolCatalogue(new ToolEnvironment
            {
                DataDirectory = Path.Combine(root.FullName, "data"),
                Clock = TimeProvider.System,
            });
            var settings = new ToolSettings { Root = root.FullName };
            var tools = await catalogue.ResolveAsync(
                [LoopScript.Json("\"list_files\""), LoopScript.Json("\"read_file\"")], settings, cancel);
            Assert.Empty(tools.Problems);
            using var models = new HttpMessageInvoker(new SocketsHttpHandler());
            var worker = new AgentWorker(new AgentWorkerOptions
            {
                Clock = TimeProvider.System,
                Models = _ => models,
                Tools = CatalogueTools.By(new ToolRunner(catalogue)),
            });
            var input = LoopScript.Input([.. tools.Tools]) with { ToolSettings = settings };
            var engine = new FakeEngine(
                (item, context) => worker.Activities.RunAsync(item, context, cancel), "run-1", worker.Orchestrators)
            {
                CheckReplay = false,
            };

            var output = await engine.RunAsync(input with { Model = input.Model with { BaseUrl = server.BaseUrl } });

            Assert.Equal((StopReasons.Answer, "two lines"), (output.StopReason, output.Answer));
            Assert.Equal((3, 3, 1), (output.Steps, output.ToolCalls, output.BadCalls));
            Assert.Contains("a.txt", server.Requests[1].Body, StringComparison.Ordinal);
            Assert.Contains("second", server.Requests[2].Body, StringComparison.Ordinal);
            Assert.Equal(new TokenUsage(300, 0, 0, 50), output.Usage);
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }
}
