using Agents.Engine;
using Agents.Engine.Store;
using Agents.Simulation.Nodes;
using Agents.Simulation.Scheduling;

namespace Agents.Simulation.Workload;

/// <summary>What a client learns: an answer, an error, or nothing before its patience ended.</summary>
sealed record Reply<T>(bool Answered, T? Value, string? Error);

/// <summary>The way from clients to whichever process is there. Answers of a process that died never come.</summary>
sealed class Door(SimScheduler scheduler, SimLane clients, SimClock clock, SimCluster cluster, SimRandom random)
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(8);

    public SimLane Clients => clients;

    public SimClock Clock => clock;

    public async Task<Reply<T>> AskAsync<T>(Func<EngineClient, Task<T>> question)
    {
        var answer = new TaskCompletionSource<Reply<T>>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (cluster.Current is not { } node)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), clock);
            return new Reply<T>(false, default, "nobody is there");
        }

        scheduler.After(Way(), node.Lane, () => _ = AnswerAsync(node, question, answer));
        scheduler.After(s_patience, clients, () => answer.TrySetResult(new Reply<T>(false, default, "no answer")));
        return await answer.Task;
    }

    async Task AnswerAsync<T>(SimNode node, Func<EngineClient, Task<T>> question, TaskCompletionSource<Reply<T>> answer)
    {
        Reply<T> reply;
        try
        {
            reply = new Reply<T>(true, await question(node.Engine.Client), null);
        }
        catch (Exception e) when (e is StoreUnavailableException or UnknownOutcomeException or OperationCanceledException)
        {
            reply = new Reply<T>(false, default, e.GetType().Name);
        }
        catch (Exception e)
        {
            scheduler.Fail($"{node.Lane.Name}: a client's question ended in {e}");
            return;
        }

        scheduler.After(Way(), scheduler.World, () => answer.TrySetResult(reply));
    }

    TimeSpan Way() => random.Between(TimeSpan.FromMicroseconds(20), TimeSpan.FromMilliseconds(3));
}
