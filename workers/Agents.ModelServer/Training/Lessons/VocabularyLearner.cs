using System.Text.RegularExpressions;
using Agents.ModelServer.Gguf;

namespace Agents.ModelServer.Training.Lessons;

/// <summary>Learns a vocabulary from the texts of lessons: whole phrases first, then merges of letters in what is left.</summary>
sealed partial class VocabularyLearner
{
    readonly Dictionary<string, int> _texts = new(StringComparer.Ordinal);

    /// <summary>Counts the texts between marks of a view.</summary>
    public void Add(LessonView view)
    {
        foreach (var piece in view.Pieces.Where(p => !p.IsMark && p.Text.Length > 0))
        {
            _texts[piece.Text] = _texts.GetValueOrDefault(piece.Text) + 1;
        }
    }

    /// <param name="words">Words that names are made of: what merges are for.</param>
    /// <param name="seenMin">Views a phrase must stand in.</param>
    public LearntVocabulary Learn(IReadOnlyList<string> words, int merges, int phrases, int seenMin)
    {
        var fragments = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (text, count) in _texts)
        {
            foreach (var fragment in Constant(text).Where(IsPhrase))
            {
                fragments[fragment] = fragments.GetValueOrDefault(fragment) + count;
            }
        }

        var kept = fragments.Where(f => f.Value >= seenMin).OrderByDescending(f => (long)f.Value * f.Key.Length).ThenBy(f => f.Key, StringComparer.Ordinal)
            .Take(phrases).Select(f => f.Key).Order(StringComparer.Ordinal).ToList();
        return new LearntVocabulary { Merges = LearnMerges(words, merges), Phrases = kept };
    }

    // Longer than a letter or two, and no word that may stand in a name.
    static bool IsPhrase(string text) => text.Any(c => !char.IsAsciiLetterOrDigit(c)) && (text.Length > 2 || text is "{}" or "\"}");

    /// <summary>
    /// What of a text is the same every time: all of it where it is no JSON and holds no number, or is long and seen often;
    /// else what stands between the values of its strings and its numbers.
    /// </summary>
    IEnumerable<string> Constant(string text) => IsWhole(text) ? [text] : Values().Split(text);

    bool IsWhole(string text) => text.Length > LongMin ? _texts[text] >= OftenMin
        : !text.Contains("\":", StringComparison.Ordinal) && !Digits().IsMatch(text);

    const int LongMin = 150;
    const int OftenMin = 100;

    // One name that a tree repeats is worth no more than many names; what a schema names is always worth a token.
    const int CountedMax = 25;
    static readonly string[] s_certain = ["page", "file", "link", "path", "anchor", "error", "symbol", "ok", "broken", "external", "unknown", "assistant", "system", "user",
        "append", "digest", "tsv", "md", "not", "fetched", "heading", "folder", "no", "or", "in"];

    IReadOnlyList<string> LearnMerges(IReadOnlyList<string> names, int merges)
    {
        var words = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var text in names.Concat(_texts.Keys.Where(t => !IsWhole(t)).SelectMany(t => Values().Matches(t).Select(v => v.Value))))
        {
            foreach (Match word in Word().Matches(text))
            {
                words[word.Value] = Math.Min(CountedMax, words.GetValueOrDefault(word.Value) + 1);
            }
        }

        foreach (var word in s_certain)
        {
            words[word] = CountedMax * 20;
        }

        return Merged(words.Select(w => (w.Key.Select(c => c.ToString()).ToList(), w.Value)).ToList(), merges);
    }

    static List<string> Merged(List<(List<string> Parts, int Count)> words, int merges)
    {
        // In JSON a tab is "\t": that must never join what follows it.
        List<string> learnt = ["\\ t"];
        while (learnt.Count < merges)
        {
            var pairs = new Dictionary<(string, string), long>();
            foreach (var (parts, count) in words)
            {
                for (var i = 1; i < parts.Count; i++)
                {
                    pairs[(parts[i - 1], parts[i])] = pairs.GetValueOrDefault((parts[i - 1], parts[i])) + count;
                }
            }

            if (pairs.Count == 0)
            {
                break;
            }

            var (left, right) = pairs.OrderByDescending(p => p.Value).ThenBy(p => p.Key.Item1, StringComparer.Ordinal)
                .ThenBy(p => p.Key.Item2, StringComparer.Ordinal).First().Key;
            if (learnt.All(m => m.Replace(" ", "", StringComparison.Ordinal) != left + right))
            {
                learnt.Add($"{left} {right}");
            }

            foreach (var (parts, _) in words)
            {
                for (var i = parts.Count - 1; i > 0; i--)
                {
                    if (i < parts.Count && parts[i - 1] == left && parts[i] == right)
                    {
                        parts[i - 1] = left + right;
                        parts.RemoveAt(i);
                    }
                }
            }
        }

        return learnt;
    }

    [GeneratedRegex("""(?<=":")(?:[^"\\]|\\.)*(?=")|(?<=\[")(?:[^"\\]|\\.)*(?=")|[0-9]+""")]
    private static partial Regex Values();

    [GeneratedRegex("[0-9]")]
    private static partial Regex Digits();

    [GeneratedRegex("[A-Z]?[a-z]+|[A-Z]+")]
    private static partial Regex Word();
}
