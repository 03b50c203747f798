using System.Text.Json;

namespace Agents.Tools.Worklist;

/// <summary>
/// A run's worklist, folded from its file: items in the order they came, how many were taken, and what each call was
/// answered, by its key.
/// </summary>
sealed class WorklistState
{
    public const int ItemsMax = 100_000;

    /// <summary>Items taken and not finished that are remembered; a run whose work finishes nothing has ever more of them.</summary>
    const int InHandMax = 1_000;

    static readonly string[] s_members = ["kind", "path", "target", "from"];

    readonly HashSet<string> _known = new(StringComparer.Ordinal);
    readonly List<string> _items = [];
    readonly Dictionary<string, string> _answers = new(StringComparer.Ordinal);

    // What was taken and is not finished, oldest first; by whose key what is finished was; what there is of either form.
    readonly List<(WorkSubject Subject, string Item)> _inHand = [];
    readonly Dictionary<WorkSubject, string> _finished = [];
    bool _hasFiles;
    bool _hasReferences;
    bool _isInherited;

    /// <summary>Nothing was ever asked of this list.</summary>
    public bool IsFresh => _answers.Count == 0 && !_isInherited;

    public int Taken { get; private set; }

    public int Added => _items.Count;

    public int Pending => _items.Count - Taken;

    public string? AnswerTo(string key) => _answers.GetValueOrDefault(key);

    public bool Knows(string item) => _known.Contains(item);

    public string Next => _items[Taken];

    /// <summary>
    /// Why the call of that key may not be about this now, or null. A list rules only over what it holds the like of, and a
    /// call that finished something may say so again.
    /// </summary>
    public string? Refusal(WorkSubject subject, string key)
    {
        if (!(subject.IsReference ? _hasReferences : _hasFiles)
            || _inHand.Exists(h => h.Subject == subject) || _finished.GetValueOrDefault(subject) == key)
        {
            return null;
        }

        var inHand = _inHand.Find(h => h.Subject.IsReference == subject.IsReference).Item;
        return inHand is null
            ? "Nothing like that is in hand. Take an item with worklist_next."
            : $"That is not the item in hand. In hand: {inHand}";
    }

    public bool IsInHand(WorkSubject subject) => _inHand.Exists(h => h.Subject == subject);

    public IEnumerable<(string Kind, int Count)> ByKind() => _items
        .Select(KindOf)
        .GroupBy(kind => kind, StringComparer.Ordinal)
        .OrderBy(group => group.Key, StringComparer.Ordinal)
        .Select(group => (group.Key, group.Count()));

    public static string AddLine(string key, IEnumerable<string> items, string answer, WorkSubject? finishes) => Json.Object(w =>
    {
        w.WriteString("t", "add");
        w.WriteString("key", key);
        Write(w, finishes);
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

    public static string FinishLine(string key, WorkSubject subject) => Json.Object(w =>
    {
        w.WriteString("t", "finish");
        w.WriteString("key", key);
        Write(w, subject);
    });

    static void Write(Utf8JsonWriter w, WorkSubject? finishes)
    {
        if (finishes is { } subject)
        {
            w.WriteStartObject("finishes");
            w.WriteString("path", subject.Path);
            w.WriteString("target", subject.Target);
            w.WriteString("from", subject.From);
            w.WriteEndObject();
        }
    }

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

    /// <summary>An item in its one spelling.</summary>
    public static string Item(string kind, string? path = null, string? target = null, string? from = null) => Json.Object(w =>
    {
        foreach (var (name, value) in new[] { ("kind", kind), ("path", path), ("target", target), ("from", from) })
        {
            if (value is not null)
            {
                w.WriteString(name, value);
            }
        }
    });

    public static void Fold(WorklistState state, JsonElement line)
    {
        var type = line.GetProperty("t").GetString();
        if (line.TryGetProperty("finishes", out var finishes))
        {
            state.Finish(WorkSubject.Of(finishes)!.Value, line.GetProperty("key").GetString()!);
        }

        if (type == "finish")
        {
            return;
        }

        if (type is "add" or "inherit")
        {
            foreach (var item in line.GetProperty("items").EnumerateArray())
            {
                state.Add(item.GetString()!);
            }
        }

        switch (type)
        {
            case "inherit":
                state._isInherited = true;
                while (state.Taken < line.GetProperty("taken").GetInt32())
                {
                    state.Take(); // which of them are finished, the shared history does not say
                }

                return;
            case "add":
                break;
            case "next":
                if (line.GetProperty("took").GetBoolean())
                {
                    state.Take();
                }

                break;
            default:
                throw new FormatException($"unknown kind of line '{type}'");
        }

        state._answers[line.GetProperty("key").GetString()!] = line.GetProperty("answer").GetString()!;
    }

    void Add(string item)
    {
        _items.Add(item);
        _known.Add(item);
        var subject = SubjectOf(item);
        _hasReferences |= subject is { IsReference: true };
        _hasFiles |= subject is { IsReference: false };
    }

    void Take()
    {
        if (SubjectOf(_items[Taken]) is { } subject)
        {
            _inHand.Add((subject, _items[Taken]));
            if (_inHand.Count > InHandMax)
            {
                _inHand.RemoveAt(0);
            }
        }

        Taken++;
    }

    void Finish(WorkSubject subject, string key)
    {
        var at = _inHand.FindIndex(h => h.Subject == subject);
        if (at >= 0)
        {
            _inHand.RemoveAt(at);
        }

        _finished[subject] = key;
    }

    static WorkSubject? SubjectOf(string item)
    {
        using var json = JsonDocument.Parse(item);
        return WorkSubject.Of(json.RootElement);
    }

    static string KindOf(string item)
    {
        using var json = JsonDocument.Parse(item);
        return json.RootElement.Text("kind") ?? "";
    }
}
