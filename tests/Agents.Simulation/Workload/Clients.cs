using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Client;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Loop;
using Agents.Simulation.Scheduling;
using Agents.Simulation.World;

namespace Agents.Simulation.Workload;

/// <summary>Starts the load of a seed and meddles with it: steers, suspends, ends, rewinds, forks, restarts and purges.</summary>
sealed class Clients(Door door, SimWorld world, SimRandom random, Journal journal, Person person)
{
    static readonly JsonElement s_anything = JsonDocument.Parse("""{"type":"object"}""").RootElement;

    int _active;

    /// <summary>Scripts that still have something to do.</summary>
    public bool AreDone => _active == 0;

    /// <summary>Begins every script; they run beside each other.</summary>
    public void Begin()
    {
        Script(() => RunAsync("run-a"));
        Script(() => CollectAsync("collect"));
        string[] kinds = [SimOrchestrators.Effects, SimOrchestrators.FanOut, SimOrchestrators.Family, SimOrchestrators.Timers];
        for (var i = 0; i < 3; i++)
        {
            var kind = random.Pick(kinds);
            var id = $"{kind.ToLowerInvariant()}-{i}";
            Script(() => SmallAsync(id, kind));
        }

        if (random.Chance(0.5))
        {
            Script(() => RunAsync("run-b"));
        }
    }

    void Script(Func<Task> script)
    {
        _active++;
        door.Clients.Post(() => _ = PlayAsync(script));
    }

    async Task PlayAsync(Func<Task> script)
    {
        await PauseAsync(3000);
        await script();
        _active--;
    }

    Task PauseAsync(int milliseconds) =>
        Task.Delay(random.Between(TimeSpan.Zero, TimeSpan.FromMilliseconds(milliseconds)), door.Clock);

    async Task StartAsync(StartRequest request)
    {
        while (true)
        {
            var started = await door.AskAsync(c => c.StartAsync(request, default));
            if (started.Answered)
            {
                journal.Started[request.Id] = request;
                if (random.Chance(0.4))
                {
                    door.Clients.Post(() => _ = RedeliverAsync(request));
                }

                return;
            }
        }
    }

    /// <summary>A queue that gives its message out again, long after it was acted on.</summary>
    async Task RedeliverAsync(StartRequest request)
    {
        await PauseAsync(60_000);
        var again = await door.AskAsync(c => c.StartAsync(request, default));
        if (again.Answered && again.Value == StartOutcome.Started)
        {
            journal.StartedAgain.Add(request.Id);
        }
    }

    async Task RunAsync(string name)
    {
        var id = new InstanceId(name);
        var input = new RunInput
        {
            Name = name,
            Goal = $"steps={random.Between(2, 5)}",
            Model = new ModelProfile { Name = "sim", BaseUrl = "sim", Model = "sim", Queue = SimQueues.Model },
            Limits = new RunLimits { ParallelToolCalls = random.Between(1, 4) },
            Tools = [.. SimWorld.Tools.Select(t => new ToolSpec
            {
                Name = t.Name, Parameters = s_anything, Effect = t.Class, Parallel = t.Parallel, Queue = SimQueues.Tool,
            })],
        };
        await StartAsync(new StartRequest
        {
            Id = id, Name = AgentRun.Name, Version = AgentRun.Version,
            Input = JsonSerializer.Serialize(input, ContractsJson.Plain.RunInput),
        });
        for (var i = random.Below(4); i > 0; i--)
        {
            await PauseAsync(4000);
            switch (random.Below(3))
            {
                case 0:
                    await SendAsync(id, new InstanceMessage.Raise(RunEvents.Steer, RunEvents.SteerPayload("mind the gap")));
                    break;
                case 1:
                    await SendAsync(id, new InstanceMessage.Suspend("a while"));
                    await PauseAsync(5000);
                    await SendAsync(id, new InstanceMessage.Resume("enough"));
                    break;
                default:
                    await EndPerhapsAsync(id);
                    break;
            }
        }

        await ForkPerhapsAsync(id, name + "-fork");
        await PurgePerhapsAsync(id);
    }

    async Task CollectAsync(string name)
    {
        var id = new InstanceId(name);
        var count = random.Between(3, 8);
        await StartAsync(new StartRequest
        {
            Id = id, Name = SimOrchestrators.Collect, Input = JsonSerializer.Serialize(new Plan { Count = count }),
            ScheduledStart = random.Chance(0.3) ? door.Clock.GetUtcNow() + TimeSpan.FromSeconds(random.Below(10)) : null,
        });
        if (random.Chance(0.5))
        {
            await StartAsync(new StartRequest
            {
                Id = new InstanceId("sender"), Name = SimOrchestrators.Send,
                Input = JsonSerializer.Serialize(new Plan { Count = 3, Other = name }),
            });
        }

        var both = Task.WhenAll(ItemsAsync(id, "a"), ItemsAsync(id, "b"));
        await both;

        async Task ItemsAsync(InstanceId target, string prefix)
        {
            for (var i = 0; i < 3; i++)
            {
                await PauseAsync(1500);
                await person.SendItemAsync(target, $"{prefix}{i}");
            }
        }
    }

    async Task SmallAsync(string name, string kind)
    {
        var id = new InstanceId(name);
        var other = name + "-taken";
        if (kind == SimOrchestrators.Family)
        {
            await StartAsync(new StartRequest
            {
                Id = new InstanceId(other), Name = SimOrchestrators.Timers, Input = JsonSerializer.Serialize(new Plan { Count = 1 }),
            });
        }

        var broken = kind == SimOrchestrators.Effects && random.Chance(0.5) ? "broken " + name : null;
        await StartAsync(new StartRequest
        {
            Id = id, Name = kind,
            Input = JsonSerializer.Serialize(new Plan { Count = random.Between(1, 4), Other = other, Broken = broken }),
        });
        if (broken is not null)
        {
            await MendAsync(id, broken);
        }
        else if (random.Chance(0.15))
        {
            await PauseAsync(4000);
            await EndPerhapsAsync(id);
        }

        if (random.Chance(0.3))
        {
            await RestartAsync(id);
        }

        await ForkPerhapsAsync(id, name + "-fork");
        await PurgePerhapsAsync(id);
    }

    /// <summary>Waits for the failure, mends what broke, and rewinds.</summary>
    async Task MendAsync(InstanceId id, string broken)
    {
        if (await FinishedAsync(id) is not { Status: OrchestrationStatus.Failed })
        {
            return;
        }

        world.Mend(broken);
        for (var i = 0; i < 10; i++)
        {
            var done = await door.AskAsync(c => c.RewindAsync(id, "mended", default));
            if (done.Value is { Done: true })
            {
                await FinishedAsync(id);
                return;
            }

            await PauseAsync(2000);
        }
    }

    async Task<InstanceView?> FinishedAsync(InstanceId id)
    {
        for (var i = 0; i < 200; i++)
        {
            var view = await door.AskAsync(c => c.GetAsync(id, false, default));
            if (view.Value is { } seen && seen.Status.IsTerminal())
            {
                return seen;
            }

            await PauseAsync(2000);
        }

        return null;
    }

    async Task SendAsync(InstanceId id, InstanceMessage message)
    {
        if (message is InstanceMessage.Raise)
        {
            await door.AskAsync(c => c.SendAsync(id, message, "steer" + random.Next(), default));
            return;
        }

        await door.AskAsync(c => c.SendAsync(id, message, null, default));
    }

    async Task EndPerhapsAsync(InstanceId id)
    {
        if (random.Chance(0.3))
        {
            journal.Meddled.Add(id);
            await SendAsync(id, new InstanceMessage.Terminate("ended by hand", Recurse: true));
        }
    }

    async Task RestartAsync(InstanceId id)
    {
        if (await FinishedAsync(id) is not null)
        {
            journal.Meddled.Add(id);
            await door.AskAsync(c => c.RestartAsync(id, newId: random.Chance(0.4), default));
            await PauseAsync(3000);
        }
    }

    async Task ForkPerhapsAsync(InstanceId id, string name)
    {
        if (!random.Chance(0.4))
        {
            return;
        }

        var view = await door.AskAsync(c => c.GetAsync(id, false, default));
        if (view.Value is not { } seen)
        {
            return;
        }

        var events = await door.AskAsync(async c => await c.ReadAsync(id, seen.Generation, 0, 1000, default));
        var turns = events.Value?.Where(e => e.Event is OrchestratorStarted && e.Sequence > 0).Select(e => e.Sequence).ToList();
        if (turns is { Count: > 0 })
        {
            var cut = random.Pick(turns);
            journal.Meddled.Add(name);
            await door.AskAsync(c => c.ForkAsync(id, new InstanceId(name), cut, null, default));
        }
    }

    async Task PurgePerhapsAsync(InstanceId id)
    {
        if (!random.Chance(0.3) || await FinishedAsync(id) is null)
        {
            return;
        }

        journal.Purging.Add(id);
        var purged = await door.AskAsync(c => c.PurgeAsync(id, recursive: random.Chance(0.5), force: true, default));
        if (purged.Value is { Deleted: > 0 })
        {
            journal.Purged.Add(id);
        }
    }
}
