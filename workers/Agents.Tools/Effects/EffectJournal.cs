using System.Text.Json;

namespace Agents.Tools.Effects;

/// <summary>
/// What the attempts at one output file said they would do, beside that file and not in it: keys and attempts must not
/// reach outputs, which have to be the same bytes in every run. See README.md of this folder.
/// </summary>
sealed class EffectJournal
{
    readonly Dictionary<string, BegunEffect> _latest = new(StringComparer.Ordinal);
    readonly Dictionary<string, Fence> _fences = new(StringComparer.Ordinal);
    readonly List<BegunEffect> _begun = [];

    /// <summary>Real path of the output file; null in a journal without a line.</summary>
    public string? Output { get; private set; }

    public IReadOnlyList<BegunEffect> Begun => _begun;

    public BegunEffect? Last => _begun.Count > 0 ? _begun[^1] : null;

    /// <summary>The latest attempt at a key that stands: begun, and not found to have written nothing.</summary>
    public BegunEffect? Standing(string key) =>
        _latest.TryGetValue(key, out var begun) && !begun.Void ? begun : null;

    /// <summary>Why an attempt may not act any more, or null.</summary>
    public string? FencedOff(string key, string attempt, int number)
    {
        if (!_fences.TryGetValue(key, out var fence))
        {
            return null;
        }

        return number < fence.Number || fence.Attempts.Contains(attempt)
            ? $"a probe has declared attempt {number} of this call absent"
            : null;
    }

    public static string FileLine(string output) => Json.Object(w =>
    {
        w.WriteString("t", "file");
        w.WriteString("path", output);
    });

    public static string BeginLine(BegunEffect begun) => Json.Object(w =>
    {
        w.WriteString("t", "begin");
        w.WriteString("key", begun.Key);
        w.WriteString("attempt", begun.Attempt);
        w.WriteString("tool", begun.Tool);
        w.WriteNumber("offset", begun.Offset);
        w.WriteString("text", begun.Text);
        w.WriteString("result", begun.Result);
    });

    public static string VoidLine(string key, string why) => Json.Object(w =>
    {
        w.WriteString("t", "void");
        w.WriteString("key", key);
        w.WriteString("why", why);
    });

    public static string FenceLine(string key, string attempt, int number) => Json.Object(w =>
    {
        w.WriteString("t", "fence");
        w.WriteString("key", key);
        w.WriteString("attempt", attempt);
        w.WriteNumber("number", number);
    });

    public static string RepeatLine(string key, string attempt) => Json.Object(w =>
    {
        w.WriteString("t", "repeat");
        w.WriteString("key", key);
        w.WriteString("attempt", attempt);
    });

    public static void Fold(EffectJournal journal, JsonElement line) => journal.Fold(line);

    void Fold(JsonElement line)
    {
        var type = line.GetProperty("t").GetString();
        if (type == "file")
        {
            Output = line.GetProperty("path").GetString();
            return;
        }

        var key = line.GetProperty("key").GetString()!;
        switch (type)
        {
            case "begin":
                Begin(key, line);
                break;
            case "void":
                _latest[key].Void = true;
                break;
            case "repeat":
                _latest[key].Repeats++;
                break;
            case "fence":
                _fences[key] = new Fence(
                    line.GetProperty("number").GetInt32(),
                    [line.GetProperty("attempt").GetString()!, .. _begun.Where(b => b.Key == key).Select(b => b.Attempt)]);
                break;
            default:
                throw new FormatException($"unknown kind of line '{type}'");
        }
    }

    void Begin(string key, JsonElement line)
    {
        var begun = new BegunEffect
        {
            Key = key,
            Attempt = line.GetProperty("attempt").GetString()!,
            Tool = line.GetProperty("tool").GetString()!,
            Offset = line.GetProperty("offset").GetInt64(),
            Text = line.GetProperty("text").GetString()!,
            Result = line.GetProperty("result").GetString()!,
        };
        _begun.Add(begun);
        _latest[key] = begun;
    }

    sealed record Fence(int Number, HashSet<string> Attempts);
}
