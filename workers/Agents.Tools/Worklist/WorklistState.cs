using System.Text.Json;

namespace Agents.Tools.Worklist;

/// <summary>
/// A run's worklist, folded from its file: items in the order they came, how many were taken, and what each call was
/// answered, by its key.
/// </summary>
sealed class WorklistState
{
    public const int ItemsMax = 100_000;

    static readonly string[] s_members = ["kind", "path", "target", "from"];

    readonly HashSet<string> _known = new(StringComparer.Ordinal);
    readonly List<string> _items = [];
    readonly Dictionary<string, string> _answers = new(StringComparer.Ordinal);
    bool _isInherited;

    /// <summary>Nothing was ever asked of this list.</summary>
    public bool IsFresh => _answers.Count == 0 && !_isInherited;

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

    /// <summary>What a fork has of the run it came from: the items taken, in their order, then the others.</summary>
    public static string InheritLine(IReadOnlyCollection<string> taken, IEnumerable<string> pending) => Json.Object(w =>
    {
        w.WriteString("t", "inherit");
        w.WriteStartArray("items");
        foreach (var item in taken.Concat(pending))
        {
            w.WriteStringValue(item);
        }

        w.WriteEndArray();
        w.WriteNumber("taken", taken.Count);
    });

    /// <summary>One spelling per item, so that equal items are equal texts.</summary>
    public static string Canonical(JsonElement item) => Json.Object(w =>
    {
        foreach (var name in s_members)
        {
            if (item.Text(name) is { } value)
            {
                w.WriteString(name, value);
            }
        }
    });

    public static void Fold(WorklistState state, JsonElement line)
    {
        var type = line.GetProperty("t").GetString();
        if (type is "add" or "inherit")
        {
            foreach (var item in line.GetProperty("items").EnumerateArray())
            {
                state._items.Add(item.GetString()!);
                state._known.Add(item.GetString()!);
            }
        }

        switch (type)
        {
            case "inherit":
                state._isInherited = true;
                state.Taken = line.GetProperty("taken").GetInt32();
                return;
            case "add":
                break;
            case "next":
                state.Taken += line.GetProperty("took").GetBoolean() ? 1 : 0;
                break;
            default:
                throw new FormatException($"unknown kind of line '{type}'");
        }

        state._answers[line.GetProperty("key").GetString()!] = line.GetProperty("answer").GetString()!;
    }

    static string KindOf(string item)
    {
        using var json = JsonDocument.Parse(item);
        return json.RootElement.Text("kind") ?? "";
    }
}
