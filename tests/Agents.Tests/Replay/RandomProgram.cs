using System.Globalization;
using Agents.Replay;
using CsCheck;

namespace Agents.Tests.Replay;

/// <summary>A made-up orchestrator: a tree of statements, run by one interpreter on the real context.</summary>
abstract record Statement
{
    public sealed record Activity(string Name, bool Caught) : Statement;

    public sealed record Retried(string Name) : Statement;

    public sealed record Timer(int Seconds) : Statement;

    public sealed record Wait(string Event) : Statement;

    public sealed record WaitOrTimeout(string Event, int Seconds) : Statement;

    public sealed record Race(string Work, string Event) : Statement;

    public sealed record Child(bool Named) : Statement;

    public sealed record Send(string Event) : Statement;

    public sealed record Status : Statement;

    public sealed record Forget(string Name) : Statement;

    public sealed record Sequence(Statement[] Parts) : Statement;

    public sealed record FanOut(Statement[] Branches) : Statement;

    public static readonly Gen<Statement> Any = Gen.Recursive<Statement>((depth, inner) =>
    {
        var name = Gen.OneOfConst("a", "b", "c");
        var leaf = Gen.OneOf(
            Gen.Select(name, Gen.Bool, (n, c) => (Statement)new Activity(n, c)),
            name.Select(n => (Statement)new Retried(n)),
            Gen.Int[0, 90].Select(s => (Statement)new Timer(s)),
            name.Select(n => (Statement)new Wait(n)),
            Gen.Select(name, Gen.Int[1, 90], (n, s) => (Statement)new WaitOrTimeout(n, s)),
            Gen.Select(name, name, (a, e) => (Statement)new Race(a, e)),
            Gen.Bool.Select(b => (Statement)new Child(b)),
            name.Select(n => (Statement)new Send(n)),
            Gen.Const((Statement)new Status()),
            name.Select(n => (Statement)new Forget(n)));
        return depth >= 3 ? leaf : Gen.Frequency(
            (3, leaf),
            (2, inner.Array[1, 5].Select(parts => (Statement)new Sequence(parts))),
            (1, inner.Array[2, 4].Select(parts => (Statement)new FanOut(parts))));
    });
}

sealed class RandomProgram(Statement statement, bool continues)
{
    public async Task<string?> RunAsync(OrchestrationContext context)
    {
        var trail = await DoAsync(context, statement);
        if (continues)
        {
            context.ContinueAsNew(trail);
        }

        return trail;
    }

    // Whatever was learned on the way goes into later inputs and the result, so that any difference shows.
    static async Task<string> DoAsync(OrchestrationContext c, Statement statement)
    {
        switch (statement)
        {
            case Statement.Activity { Caught: false } s:
                return (await c.CallActivityRawAsync(s.Name, Now(c))).ToString();
            case Statement.Activity s:
                return await CaughtAsync(() => c.CallActivityRawAsync(s.Name, c.NewGuid().ToString()));
            case Statement.Retried s:
                return await CaughtAsync(() => c.CallActivityRawAsync(s.Name, Now(c), new TaskOptions
                {
                    Retry = new RetryPolicy(3, TimeSpan.FromSeconds(5)) { BackoffCoefficient = 2 },
                }));
            case Statement.Timer s:
                await c.CreateTimer(TimeSpan.FromSeconds(s.Seconds));
                return Now(c);
            case Statement.Wait s:
                return (await c.WaitForExternalEventRaw(s.Event)).ToString();
            case Statement.WaitOrTimeout s:
                return await CaughtAsync(() => c.WaitForExternalEvent<string>(s.Event, TimeSpan.FromSeconds(s.Seconds)));
            case Statement.Race s:
                return await RaceAsync(c, s);
            case Statement.Child s:
                return await CaughtAsync(() => c.CallSubOrchestratorRawAsync(
                    "child", Now(c), s.Named ? new SubOrchestrationOptions { InstanceId = $"kid-{c.NewGuid()}" } : null)!);
            case Statement.Send s:
                c.SendEvent("other", s.Event, Now(c));
                return "sent";
            case Statement.Status:
                c.SetCustomStatus(Now(c));
                return "told";
            case Statement.Forget s:
                _ = c.CallActivityRawAsync(s.Name, "forgotten");
                return "forgot";
            case Statement.Sequence s:
                var trail = "";
                foreach (var part in s.Parts)
                {
                    trail += await DoAsync(c, part) + c.IsReplaying.ToString()[..0];
                }

                return trail;
            case Statement.FanOut s:
                return string.Concat(await Task.WhenAll(s.Branches.Select(b => DoAsync(c, b))));
            default:
                throw new NotSupportedException(statement.ToString());
        }
    }

    static async Task<string> RaceAsync(OrchestrationContext c, Statement.Race s)
    {
        using var cancel = new CancellationTokenSource();
        var activity = c.CallActivityRawAsync(s.Work, "race");
        var arrival = c.WaitForExternalEventRaw(s.Event, cancel.Token);
        var first = await Task.WhenAny(activity, arrival);
        cancel.Cancel();
        return first == activity ? await CaughtAsync(() => activity) : (await arrival).ToString();
    }

    static async Task<string> CaughtAsync<T>(Func<Task<T>> attempt)
    {
        try
        {
            return (await attempt())?.ToString() ?? "";
        }
        catch (TaskFailedException e)
        {
            return e.Message;
        }
        catch (OperationCanceledException)
        {
            return "late";
        }
    }

    static string Now(OrchestrationContext c) => c.CurrentUtcDateTime.ToString("o", CultureInfo.InvariantCulture);
}
