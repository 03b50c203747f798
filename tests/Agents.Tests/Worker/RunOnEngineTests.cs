using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Engine;
using Agents.Engine.Sqlite;
using Agents.Loop;
using Agents.Tests.Loop;
using Agents.Worker;
using Agents.Worker.Activities;
using Agents.Worker.Transcripts;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Agents.Tests.Worker;

/// <summary>The loop and the worker on the real engine and its SQLite file: crashes and forks show in no byte sent.</summary>
public sealed class RunOnEngineTests
{
    const int Steps = 12;
    static readonly string s_big = new('z', 40_000); // above the bound, so the store keeps it apart and resolves it

    static readonly RunInput s_input = LoopScript.Input(
        LoopScript.Spec("read", parallel: true), LoopScript.Spec("send", EffectClass.AtMostOnce));

    [Fact]
    public async Task A_run_that_crashed_sends_the_same_requests_as_one_that_did_not()
    {
        var unharmed = new Rig();
        var crashed = new Rig();
        try
        {
            var end = await unharmed.RunAsync("run");
            crashed.CrashAt = 6;
            var again = await crashed.RunAsync("run");

            Assert.Equal(end, again);
            Assert.Equal(StopReasons.Answer, JsonSerializer.Deserialize(end, ContractsJson.Default.RunOutput)!.StopReason);
            // The request under way at the crash is sent again, byte for byte; all others once.
            Assert.Equal(unharmed.Requests, crashed.Requests.Distinct());
            Assert.Equal(Steps + 2, crashed.Requests.Count);
            Assert.Equal(unharmed.Sent, crashed.Sent);
            Assert.Equal(Steps, crashed.Sent.Count);
            Assert.Empty(PromptDigests.Verify(await crashed.HistoryAsync("run"), out var checkedCalls));
            Assert.Equal(Steps + 1, checkedCalls);
        }
        finally
        {
            await unharmed.DisposeAsync();
            await crashed.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_fork_goes_on_from_the_shared_conversation_under_keys_of_its_own()
    {
        var rig = new Rig();
        try
        {
            await rig.RunAsync("run");
            var before = rig.Requests.ToArray();
            var keys = rig.Sent.ToArray();
            var history = await rig.HistoryAsync("run");
            var reply = history.Where(e => e.Event is TaskCompleted t && t.Result!.Contains("\"finish\"", StringComparison.Ordinal)).ElementAt(5);
            var cut = history.Last(e => e.Sequence < reply.Sequence && e.Event is OrchestratorStarted).Sequence;
            var cancel = TestContext.Current.CancellationToken;
            var fork = await rig.Client.ForkAsync(new InstanceId("run"), new InstanceId("fork"), cut, null, cancel);
            Assert.True(fork.Done, fork.Refusal);
            await rig.EndAsync("fork");

            // The turn at the cut brought the reply to call 6: the fork takes it over and does not ask the model for it again.
            Assert.Equal(before[6..], rig.Requests.Skip(before.Length));
            Assert.Equal(keys.Length + Steps - 5, rig.Sent.Count);
            Assert.Empty(rig.Sent.Skip(keys.Length).Intersect(keys));
            Assert.Empty(PromptDigests.Verify(await rig.HistoryAsync("fork"), out var checkedCalls));
            Assert.Equal(Steps + 1, checkedCalls);
        }
        finally
        {
            await rig.DisposeAsync();
        }
    }

    sealed class Rig : IAsyncDisposable
    {
        readonly string _directory = Directory.CreateTempSubdirectory("agents-run-").FullName;
        readonly TaskCompletionSource _reached = new();
        readonly TaskCompletionSource _never = new();
        readonly Ids _ids = new();
        SqliteStore _store;
        EngineNode _node;

        public Rig()
        {
            (_store, _node) = Open();
        }

        /// <summary>Number of the model call at which the process dies; 0 for none.</summary>
        public int CrashAt { get; set; }

        public List<string> Requests { get; } = [];

        /// <summary>Keys of the effects, in order.</summary>
        public List<string> Sent { get; } = [];

        public EngineClient Client => _node.Client;

        public async Task<string> RunAsync(string id)
        {
            await _node.StartAsync(CancellationToken.None);
            await Client.StartAsync(
                new StartRequest
                {
                    Id = new InstanceId(id),
                    Name = AgentRun.Name,
                    Version = AgentRun.Version,
                    Input = JsonSerializer.Serialize(s_input, ContractsJson.Plain.RunInput),
                },
                CancellationToken.None);
            if (CrashAt > 0)
            {
                await _reached.Task.WaitAsync(TestContext.Current.CancellationToken);
                CrashAt = 0;
                await _store.DisposeAsync();
                (_store, _node) = Open();
                await _node.StartAsync(CancellationToken.None);
            }

            return await EndAsync(id);
        }

        public async Task<string> EndAsync(string id)
        {
            using var limit = TestKit.Patience.Begin();
            var view = await Client.WaitForCompletionAsync(new InstanceId(id), limit.Token);
            Assert.True(view is { Status: OrchestrationStatus.Completed, Parked: null }, view?.Parked ?? view?.Failure?.ErrorMessage);
            return view!.Output!;
        }

        public async Task<IReadOnlyList<SequencedEvent>> HistoryAsync(string id) =>
            await Client.ReadAsync(new InstanceId(id), 0, 0, int.MaxValue, CancellationToken.None);

        public async ValueTask DisposeAsync()
        {
            _never.TrySetResult();
            await _node.StopAsync(TimeSpan.FromSeconds(2));
            await _store.DisposeAsync();
            Directory.Delete(_directory, recursive: true);
        }

        (SqliteStore Store, EngineNode Node) Open()
        {
            var store = SqliteStore.Open(_directory, new SqliteOptions(), TimeProvider.System);
            var worker = new AgentWorker(new AgentWorkerOptions
            {
                Clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(),
                Models = _ => new HttpMessageInvoker(new Model(this)),
                Tools = (work, _) =>
                {
                    if (work.Call.Name == "send" && work.MayAct())
                    {
                        Sent.Add(work.Key);
                    }

                    return Task.FromResult(LoopScript.Result(work.Call.Name == "send" ? "sent" : work.Call.Arguments + s_big));
                },
            });
            return (store, new EngineNode(
                store, worker.Orchestrators, worker.Activities,
                new EngineOptions { NodeId = $"node-{_ids.NextGuid():N}", PredecessorsProvenDead = true },
                new EngineEnvironment(TimeProvider.System, _ids, NullLogger.Instance)));
        }

        // Answers by what it is shown, as a model does: the number of replies in the request says which step this is.
        sealed class Model(Rig rig) : HttpMessageHandler
        {
            protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
            {
                var body = await request.Content!.ReadAsStringAsync(cancel);
                var step = body.Split("\"role\":\"assistant\"").Length;
                rig.Requests.Add(body);
                if (rig.CrashAt == step)
                {
                    rig._reached.TrySetResult();
                    await rig._never.Task;
                }

                return new HttpResponseMessage
                {
                    Content = new StringContent(
                        step <= Steps
                            ? ModelHandler.Calls($"step {step}", ("read", $$"""{"n": {{step}}}"""), ("read", "{}"), ("send", "{}"))
                            : ModelHandler.Answer("done"),
                        null,
                        "text/event-stream"),
                };
            }
        }

        sealed class Ids : IIdSource
        {
            int _next;

            public Guid NextGuid() => new(Interlocked.Increment(ref _next), 0, 0, new byte[8]);
        }
    }
}
