namespace Agents.Tools.Files;

/// <summary>
/// Globs over '/'-separated paths: '?' one character, '*' any within a segment, '**' any segments. A pattern without '/'
/// is matched against the file name; one that names a folder matches everything below it.
/// </summary>
sealed class Glob
{
    readonly string[] _segments;
    readonly bool _nameOnly;
    readonly bool _namesFolder;

    public Glob(string pattern)
    {
        var trimmed = pattern.TrimStart('/');
        trimmed = trimmed.StartsWith("./", StringComparison.Ordinal) ? trimmed[2..] : trimmed;
        if (trimmed.EndsWith('/'))
        {
            trimmed += "**";
        }

        _segments = trimmed.Split('/', StringSplitOptions.RemoveEmptyEntries);
        _nameOnly = _segments.Length == 1 && _segments[0] != "**";
        _namesFolder = _segments.Length > 0 && _segments[^1].IndexOfAny(['*', '?']) < 0;
    }

    public bool Matches(string path)
    {
        var segments = path.Split('/');
        return (_nameOnly && Segment(_segments[0], segments[^1])) || MatchesFromRoot(segments);
    }

    // Where in the path the pattern read so far may end: a set, so that no pattern can make this backtrack.
    bool MatchesFromRoot(string[] path)
    {
        var ends = new bool[path.Length + 1];
        ends[0] = true;
        foreach (var segment in _segments)
        {
            var next = new bool[path.Length + 1];
            var reached = false;
            for (var at = 0; at <= path.Length; at++)
            {
                reached |= ends[at];
                if (segment == "**")
                {
                    next[at] = reached;
                }
                else if (ends[at] && at < path.Length && Segment(segment, path[at]))
                {
                    next[at + 1] = true;
                }
            }

            ends = next;
        }

        return ends[path.Length] || (_namesFolder && Array.IndexOf(ends, true) > 0);
    }

    static bool Segment(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        int p = 0, t = 0, star = -1, mark = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && (pattern[p] == '?' || pattern[p] == text[t]) && pattern[p] != '*')
            {
                p++;
                t++;
            }
            else if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                mark = t;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++mark;
            }
            else
            {
                return false;
            }
        }

        return pattern[p..].IndexOfAnyExcept('*') < 0;
    }
}
