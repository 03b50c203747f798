using System.Text.Json;

namespace Agents.Tools.Worklist;

/// <summary>
/// A run's worklist, folded from its file: items in the order they came, how many were taken, and what each call was
/// answered, by its key.
/// </summary>
sealed class WorklistState
{
    public const int ItemsMax = 100_000;
    readonly HashSet<string> _known = new(StringComparer.Ordinal);
    readonly List<string> _items = [];
    readonly Dictionary<string, string> _answers = new(StringComparer.Ordinal);

    public int Taken { get; private set; }

    public int Added => _items.Count;

    public int Pending => _items.Count - Taken;

    public string? AnswerTo(string key) => _answers.GetValueOrDefault(key);

    public bool Knows(string item) => _known.Contains(item);

    public string Next => _items[Taken];

    public IEnumerable<(string Kind, int Count)> ByKind() => _items
        .Select(KindOf)
        .GroupBy(kind => kind, StringComparer.Ordinal)
        .OrderBy(group => group.Key, StringComparer.Ordinal)
        .Select(group => (group.Key, group.Count()));

    public static string AddLine(string key, IEnumerable<string> items, string answer) => Json.Object(w =>
    {
        w.WriteString("t", "add");
        w.WriteString("key", key);
        w.WriteStartArray("items");
        foreach (var item in items)
        {
            w.WriteStringValue(item);
        }

        w.WriteEndArray();
        w.WriteString("answer", answer);
    });

    public static string NextLine(string key, bool took, string answer) => Json.Object(w =>
    {
        w.WriteString("t", "next");
        w.WriteString("key", key);
        w.WriteBoolean("took", took);
        w.WriteString("answer", answer);
    });

    public static void Fold(WorklistState state, JsonElement line)
    {
        var key = line.GetProperty("key").GetString()!;
        switch (line.GetProperty("t").GetString())
        {
            case "add":
                foreach (var item in line.GetProperty("items").EnumerateArray())
                {
                    state._items.Add(item.GetString()!);
                    state._known.Add(item.GetString()!);
                }

                break;
            case "next":
                state.Taken += line.GetProperty("took").GetBoolean() ? 1 : 0;
                break;
            case var type:
                throw new FormatException($"unknown kind of line '{type}'");
        }

        state._answers[key] = line.GetProperty("answer").GetString()!;
    }

    static string KindOf(string item)
    {
        using var json = JsonDocument.Parse(item);
        return json.RootElement.Text("kind") ?? "";
    }
}
