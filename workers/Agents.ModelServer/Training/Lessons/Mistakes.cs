using System.Text;
using System.Text.Json;
using Agents.ModelServer.Generation;
using Agents.ModelServer.Scripted;

namespace Agents.ModelServer.Training.Lessons;

/// <summary>
/// Slips of the pen, so that a model learns what follows a refusal. The slip itself is never learnt: it only stands in view.
/// </summary>
sealed class Mistakes(Chance chance, double rate)
{
    static readonly Dictionary<string, string[]> s_copied = new(StringComparer.Ordinal)
    {
        ["worklist_references"] = ["page"], ["check_reference"] = ["target", "target", "from"],
        ["suggest_replacement"] = ["target", "target", "from"], ["record_finding"] = ["reference", "reference", "page", "suggestion"],
        ["file_head"] = ["path"],
    };

    readonly List<string> _seen = [];

    /// <summary>The move with a slip in one of its calls; null for none this time.</summary>
    public Move? Spoil(Move move)
    {
        Remember(move);
        if (chance.NextUnit() >= rate || move.Calls.FirstOrDefault(c => s_copied.ContainsKey(c.Name)) is not { } call)
        {
            return null;
        }

        var member = s_copied[call.Name][chance.Below(s_copied[call.Name].Length)];
        var arguments = JsonRead.Object(call.Arguments)!.Value;
        if (JsonRead.Text(arguments, member) is not { Length: > 0 } right || Wrong(right) is not { } wrong || wrong == right)
        {
            return null;
        }

        var spoilt = PlannedCall.Of(call.Name, [.. arguments.EnumerateObject()
            .Select(p => (p.Name, (object?)(p.Name == member ? wrong : p.Value.GetString())))]);
        return move with { Calls = [.. move.Calls.Select(c => ReferenceEquals(c, call) ? spoilt : c)] };
    }

    void Remember(Move move)
    {
        foreach (var call in move.Calls.Where(c => s_copied.ContainsKey(c.Name)))
        {
            var arguments = JsonRead.Object(call.Arguments)!.Value;
            _seen.AddRange(s_copied[call.Name].Select(m => JsonRead.Text(arguments, m)).OfType<string>());
        }

        if (_seen.Count > 24)
        {
            _seen.RemoveRange(0, _seen.Count - 24);
        }
    }

    string? Wrong(string right)
    {
        var runes = right.EnumerateRunes().ToList();
        var at = chance.Below(runes.Count);
        switch (chance.Below(7))
        {
            case 0:
                return _seen[chance.Below(_seen.Count)];
            case 1 when runes.Count > 1:
                runes.RemoveAt(at);
                break;
            case 2:
                runes.Insert(at, runes[at]);
                break;
            case 3:
                runes[at] = new Rune((char)('a' + chance.Below(26)));
                break;
            case 4 when at > 0:
                (runes[at], runes[at - 1]) = (runes[at - 1], runes[at]);
                break;
            case 5 when at > 0:
                runes.RemoveRange(at, runes.Count - at);
                break;
            default:
                runes.RemoveRange(0, Math.Min(at, runes.Count - 1));
                break;
        }

        var wrong = string.Concat(runes).Trim();
        return wrong.Length == 0 || wrong.StartsWith('/') || wrong.StartsWith('~') ? null : wrong;
    }
}
