using System.Text;
using System.Text.Json;
using Agents.Contracts.Client;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Simulation.Workload;

namespace Agents.Simulation.Checks;

/// <summary>[I11] What a reader gathered over all its connections is what history says, text and all.</summary>
sealed class StreamCheck(StorePeek store, Observer observer)
{
    public void Run(Reader reader)
    {
        if (store.Find(reader.InstanceId) is not { } record)
        {
            return;
        }

        var shown = new Dictionary<int, Dictionary<string, StringBuilder>>();
        var events = new List<HistoryEvent>();
        foreach (var item in reader.Items)
        {
            switch (item)
            {
                case StreamItem.Delta d:
                    var kinds = shown.TryGetValue(d.TaskId, out var known) ? known : shown[d.TaskId] = [];
                    (kinds.TryGetValue(d.Kind, out var text) ? text : kinds[d.Kind] = new()).Append(d.Text);
                    break;
                case StreamItem.Retract r:
                    shown.Remove(r.TaskId);
                    break;
                case StreamItem.Event e:
                    events.Add(e.History);
                    Message(reader.InstanceId, e, shown);
                    break;
                default:
                    break;
            }
        }

        var stored = store.Executions(record.Key).OrderBy(e => e.Generation).ThenBy(e => e.Key)
            .SelectMany(e => store.Events(record, e)).Select(e => e.Event).ToList();
        if (!events.Select(Text).SequenceEqual(stored.Select(Text)))
        {
            observer.Breach($"[I11] {reader.InstanceId}: the stream gave {events.Count} events that are not the {stored.Count} of its history");
        }
    }

    static string Text(HistoryEvent e) => e.ToString();

    /// <summary>The text given before a message must be the beginning of it, as far as the stream says it was given.</summary>
    void Message(string id, StreamItem.Event item, Dictionary<int, Dictionary<string, StringBuilder>> shown)
    {
        if (item.History is not TaskCompleted completed || !shown.Remove(completed.TaskScheduledId, out var kinds))
        {
            if (item.Shown?.Values.Sum() > 0)
            {
                observer.Breach($"[I11] {id}: the message at {item.Offset} says that {item.Shown.Values.Sum()} characters were shown; none were");
            }

            return;
        }

        using var message = JsonDocument.Parse(completed.Result!);
        foreach (var (kind, text) in kinds)
        {
            var whole = message.RootElement.TryGetProperty(kind, out var value) ? value.GetString() ?? "" : "";
            if (!whole.StartsWith(text.ToString(), StringComparison.Ordinal))
            {
                observer.Breach($"[I11] {id}: the {kind} shown before {item.Offset} is not how the message begins");
            }

            if (item.Shown?.GetValueOrDefault(kind) != text.Length)
            {
                observer.Breach($"[I11] {id}: the message at {item.Offset} says {item.Shown?.GetValueOrDefault(kind)} characters of {kind} were shown; {text.Length} were");
            }
        }
    }
}
