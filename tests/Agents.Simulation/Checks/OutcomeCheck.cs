using System.Globalization;
using System.Text.Json;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Engine.Store;
using Agents.Simulation.Workload;

namespace Agents.Simulation.Checks;

/// <summary>
/// What histories say at the end: one outcome for each thing asked for [I6], each item once [I5], everything that was
/// acknowledged there [I4], and the answers right.
/// </summary>
sealed class OutcomeCheck(StorePeek store, Observer observer, Journal journal)
{
    public void Run()
    {
        foreach (var view in store.All())
        {
            var record = store.Find(view.InstanceId)!;
            var executions = store.Executions(record.Key).OrderBy(e => e.Generation).ThenBy(e => e.Key)
                .Select(e => store.Events(record, e)).ToList();
            executions.ForEach(e => Outcomes(record, e));
            Items(record, executions);
            if (view.Status == OrchestrationStatus.Completed && !journal.Meddled.Contains(view.InstanceId))
            {
                Answer(record, executions[^1]);
            }
        }

        foreach (var id in journal.StartedAgain.Order(StringComparer.Ordinal))
        {
            observer.Breach($"[start] {id}: the same request was delivered again and started another run");
        }

        foreach (var id in journal.Started.Keys.Where(i => !journal.Purging.Contains(i) && store.Find(i) is null))
        {
            observer.Breach($"[I4] {id}: its start was acknowledged and it is not there");
        }
    }

    void Outcomes(InstanceRecord record, IReadOnlyList<SequencedEvent> events)
    {
        var open = new HashSet<int>();
        var closed = new HashSet<int>();
        var last = DateTimeOffset.MinValue;
        foreach (var (sequence, e) in events.Select(e => (e.Sequence, e.Event)))
        {
            switch (e)
            {
                case TaskScheduled or TimerCreated or SubOrchestrationInstanceCreated:
                    if (!open.Add(e.EventId))
                    {
                        observer.Breach($"[I6] {record.InstanceId}: #{e.EventId} is asked for twice (event {sequence})");
                    }

                    break;
                default:
                    if (Resolves(e) is { } id && (!open.Contains(id) || !closed.Add(id)))
                    {
                        observer.Breach($"[I6] {record.InstanceId}: event {sequence} ({e.GetType().Name}) is one outcome too many for #{id}");
                    }

                    break;
            }

            if (e is TimerFired fired && fired.Timestamp < fired.FireAt)
            {
                observer.Breach($"[time] {record.InstanceId}: timer #{fired.TimerId} fired {fired.FireAt - fired.Timestamp} early");
            }

            if (e.Timestamp < last)
            {
                observer.Breach($"[time] {record.InstanceId}: event {sequence} is earlier than the one before");
            }

            last = e.Timestamp;
        }

        if (events.Count(e => e.Event is ExecutionStarted) > 1 || events.Count(e => e.Event is ExecutionCompleted) > 1)
        {
            observer.Breach($"[I6] {record.InstanceId}: an execution that starts or ends more than once");
        }
    }

    static int? Resolves(HistoryEvent e) => e switch
    {
        TaskCompleted c => c.TaskScheduledId,
        TaskFailed f => f.TaskScheduledId,
        TimerFired t => t.TimerId,
        SubOrchestrationInstanceCompleted c => c.TaskScheduledId,
        SubOrchestrationInstanceFailed f => f.TaskScheduledId,
        _ => null,
    };

    void Items(InstanceRecord record, List<IReadOnlyList<SequencedEvent>> executions)
    {
        var raised = executions.ConvertAll(e => e.Select(i => i.Event).OfType<EventRaised>()
            .Where(r => r.Name == SimOrchestrators.Item).Select(r => r.Input!).ToList());
        foreach (var twice in raised.SelectMany(r => r.GroupBy(i => i).Where(g => g.Count() > 1)))
        {
            observer.Breach($"[I5] {record.InstanceId}: item {twice.Key} was taken in {twice.Count()} times");
        }

        var seen = raised.SelectMany(r => r).ToHashSet();
        var waiting = store.Inbox(record.Key).Concat(observer.LeftOver.GetValueOrDefault(record.Key) ?? []).Select(r => r.Message)
            .Where(m => m.Kind == InboxKind.HistoryEvent)
            .Select(m => Engine.History.HistoryCodec.DecodeOne(m.Body, null, []))
            .OfType<EventRaised>().Select(e => e.Input!).ToHashSet();
        foreach (var (_, item) in journal.Accepted.Where(a => a.InstanceId == record.InstanceId))
        {
            if (!seen.Contains(item) && !waiting.Contains(item))
            {
                observer.Breach($"[I4] {record.InstanceId}: item {item} was acknowledged and is nowhere");
            }
        }

        if (record.Name == SimOrchestrators.Collect && record.Status == OrchestrationStatus.Completed)
        {
            seen.ExceptWith(waiting);
            Collected(record, executions[^1], seen, raised[^1]);
        }
    }

    void Collected(InstanceRecord record, IReadOnlyList<SequencedEvent> last, HashSet<string> seen, List<string> unused)
    {
        var got = JsonSerializer.Deserialize<List<string>>(Result(last)!)!;
        if (got.Distinct().Count() != got.Count)
        {
            observer.Breach($"[I5] {record.InstanceId}: answers with an item twice: {string.Join(" ", got)}");
        }

        var lost = seen.Where(i => !got.Contains(i) && !unused.Contains(i)).ToList();
        if (lost.Count > 0)
        {
            observer.Breach($"[I5] {record.InstanceId}: items lost between generations: {string.Join(" ", lost)}");
        }
    }

    static string? Result(IReadOnlyList<SequencedEvent> events) =>
        events.Select(e => e.Event).OfType<ExecutionCompleted>().Single().Result;

    void Answer(InstanceRecord record, IReadOnlyList<SequencedEvent> events)
    {
        var input = events.Select(e => e.Event).OfType<ExecutionStarted>().First().Input!;
        var expected = record.Name switch
        {
            SimOrchestrators.FanOut => Sum(Read(input).Count),
            SimOrchestrators.Timers => Read(input).Count.ToString(CultureInfo.InvariantCulture),
            SimOrchestrators.Family => JsonSerializer.Serialize(new[] { "3", "1", "1", "OrchestrationAlreadyExists" }),
            _ => null,
        };
        if (expected is not null && Result(events) != expected)
        {
            observer.Breach($"[answer] {record.InstanceId}: answers {Result(events)}, {expected} is right");
        }
    }

    static Plan Read(string input) => JsonSerializer.Deserialize<Plan>(input, JsonSerializerOptions.Web)!;

    static string Sum(int n) => (n * (n + 1) / 2).ToString(CultureInfo.InvariantCulture);
}
