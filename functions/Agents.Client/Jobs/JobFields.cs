using System.Globalization;
using System.Text.Json;
using System.Xml;
using Agents.Client.Runs;

namespace Agents.Client.Jobs;

/// <summary>Typed reading of one object of a job file; every refusal names field, place and what was expected.</summary>
sealed class JobFields
{
    readonly JobNode _node;
    readonly HashSet<string> _known = [];

    public JobFields(JobNode node)
    {
        _node = node;
        if (node.Kind != JsonValueKind.Object)
        {
            throw Wrong(node, "an object { … }");
        }
    }

    public JobNode Node => _node;

    public JobNode? Get(string name)
    {
        _known.Add(name);
        return _node[name] is { Kind: not JsonValueKind.Null } node ? node : null;
    }

    /// <summary>Call after all fields were read: whatever else is there is a mistake.</summary>
    public void NothingElse()
    {
        foreach (var (name, node) in _node.Fields)
        {
            if (!_known.Contains(name))
            {
                var near = Spelling.Nearest(name, _known);
                throw new RunFaultException(
                    Faults.JobField, $"no such field '{name}'", node.Where,
                    near is null ? $"known here: {string.Join(", ", _known.Order())}" : $"did you mean '{near}'?");
            }
        }
    }

    public string Required(string name)
    {
        if (Text(name) is { } text)
        {
            return text;
        }

        // A slip in its name is why it is missing, more often than not.
        var near = Spelling.Nearest(name, _node.Fields.Select(f => f.Name).Where(f => !_known.Contains(f)));
        throw near is null
            ? new RunFaultException(Faults.JobField, $"the field '{name}' is missing", _node.Where, $"add \"{name}\": \"…\"")
            : new RunFaultException(
                Faults.JobField, $"the field '{name}' is missing, and there is no field '{near}'", _node[near]!.Where, $"did you mean '{name}'?");
    }

    public string? Text(string name) => Get(name) is { } node ? TextOf(node) : null;

    public static string TextOf(JobNode node)
    {
        if (node.Kind != JsonValueKind.String)
        {
            throw Wrong(node, "a text \"…\"");
        }

        var text = node.Json.GetString()!;
        return text.Length > 0 ? text : throw Wrong(node, "a text that is not empty");
    }

    public int? Whole(string name, int min, int max)
    {
        var number = Long(name, min, max);
        return number is { } n ? (int)n : null;
    }

    public long? Long(string name, long min, long max)
    {
        if (Get(name) is not { } node)
        {
            return null;
        }

        return node.Kind == JsonValueKind.Number && node.Json.TryGetInt64(out var number) && number >= min && number <= max
            ? number
            : throw Wrong(node, $"a whole number from {min} to {max}");
    }

    public decimal? Decimal(string name, decimal min)
    {
        if (Get(name) is not { } node)
        {
            return null;
        }

        return node.Kind == JsonValueKind.Number && node.Json.TryGetDecimal(out var number) && number >= min
            ? number
            : throw Wrong(node, FormattableString.Invariant($"a number of at least {min}"));
    }

    public double? Real(string name) => Decimal(name, 0) is { } number ? (double)number : null;

    public bool? Flag(string name)
    {
        if (Get(name) is not { } node)
        {
            return null;
        }

        return node.Kind is JsonValueKind.True or JsonValueKind.False ? node.Json.GetBoolean() : throw Wrong(node, "true or false");
    }

    /// <summary>Seconds as a number, "90s", "20m", "6h", "2d", or ISO 8601 "PT20M".</summary>
    public TimeSpan? Time(string name)
    {
        if (Get(name) is not { } node)
        {
            return null;
        }

        var time = node.Kind switch
        {
            JsonValueKind.Number when node.Json.TryGetDouble(out var seconds) => TimeSpan.FromSeconds(seconds),
            JsonValueKind.String => ReadTime(node.Json.GetString()!),
            _ => null,
        };
        return time is { } span && span > TimeSpan.Zero ? span : throw Wrong(node, "a time such as \"90s\", \"20m\", \"6h\" or \"PT20M\"");
    }

    static TimeSpan? ReadTime(string text)
    {
        if (text.StartsWith('P'))
        {
            try
            {
                return XmlConvert.ToTimeSpan(text);
            }
            catch (FormatException)
            {
                return null;
            }
        }

        if (text.Length < 2 || !double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }

        return text[^1] switch
        {
            's' => TimeSpan.FromSeconds(number),
            'm' => TimeSpan.FromMinutes(number),
            'h' => TimeSpan.FromHours(number),
            'd' => TimeSpan.FromDays(number),
            _ => null,
        };
    }

    public IReadOnlyList<string> Texts(string name) =>
        Get(name) is { } node ? [.. ItemsOf(node).Select(TextOf)] : [];

    public IReadOnlyDictionary<string, string> TextMap(string name) =>
        Get(name) is { } node ? FieldsOf(node).ToDictionary(f => f.Name, f => TextOf(f.Node)) : new Dictionary<string, string>();

    public static IReadOnlyList<JobNode> ItemsOf(JobNode node) =>
        node.Kind == JsonValueKind.Array ? node.Items : throw Wrong(node, "a list [ … ]");

    public static IReadOnlyList<(string Name, JobNode Node)> FieldsOf(JobNode node) =>
        node.Kind == JsonValueKind.Object ? node.Fields : throw Wrong(node, "an object { … }");

    public T? OneOf<T>(string name, IReadOnlyDictionary<string, T> words)
        where T : struct
    {
        return Get(name) is { } node ? OneOf(node, words) : null;
    }

    public static T OneOf<T>(JobNode node, IReadOnlyDictionary<string, T> words)
    {
        var text = TextOf(node);
        return words.TryGetValue(text, out var value)
            ? value
            : throw Wrong(node, $"one of {string.Join(", ", words.Keys.Select(k => $"\"{k}\""))}");
    }

    public static RunFaultException Wrong(JobNode node, string expected) =>
        new(Faults.JobField, $"expected {expected}, found {Shown(node)}", node.Where, "see docs/job-file.md");

    static string Shown(JobNode node) => node.Kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        _ => node.Json.GetRawText() is { Length: > 40 } raw ? raw[..40] + "…" : node.Json.GetRawText(),
    };
}
