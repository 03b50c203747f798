using System.Text;
using System.Text.Json;
using Agents.Client.Runs;

namespace Agents.Client.Jobs;

/// <summary>
/// A value of a job file with the place it stands at, so that every complaint can name line, column and field.
/// Comments and trailing commas are allowed; a field given twice is not.
/// </summary>
sealed class JobNode
{
    /// <summary>Levels a job may nest; schemas are the deepest part.</summary>
    const int DepthMax = 64;

    static readonly JsonDocumentOptions s_options = new()
    {
        CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = DepthMax,
    };

    readonly byte[] _bytes;
    readonly int _start;
    readonly List<(string Name, JobNode Node)> _fields = [];
    readonly Dictionary<string, JobNode> _byName = [];
    readonly List<JobNode> _items = [];
    int _end;
    JsonElement? _json;

    JobNode(JsonValueKind kind, string path, byte[] bytes, int start)
    {
        Kind = kind;
        Path = path;
        _bytes = bytes;
        _start = start;
    }

    public JsonValueKind Kind { get; }

    /// <summary>Field path from the root, such as limits.steps or tools[2].name.</summary>
    public string Path { get; }

    public IReadOnlyList<(string Name, JobNode Node)> Fields => _fields;

    public IReadOnlyList<JobNode> Items => _items;

    /// <summary>The value as JSON.</summary>
    public JsonElement Json => _json ??= Parse();

    public string Where => Path.Length == 0 ? PlaceOf(_start) : $"{Path} ({PlaceOf(_start)})";

    public JobNode? this[string name] => _byName.GetValueOrDefault(name);

    public static JobNode Parse(string text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            throw new RunFaultException(
                Faults.JobSyntax, "the job is empty", "line 1, column 1", "docs/job-file.md has the fields; \"goal\" is the only one it must have");
        }

        var bytes = Encoding.UTF8.GetBytes(text);
        var options = new JsonReaderOptions
        {
            CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = DepthMax,
        };
        var reader = new Utf8JsonReader(bytes, options);
        try
        {
            reader.Read();
            var root = Read(ref reader, bytes, "");
            while (reader.Read())
            {
                // Anything behind the first value makes the reader throw.
            }

            return root;
        }
        catch (JsonException e)
        {
            var message = e.Message.Split(" LineNumber:")[0];
            throw new RunFaultException(
                Faults.JobSyntax, $"not readable as JSON: {message}",
                $"line {e.LineNumber + 1}, column {e.BytePositionInLine + 1}", "mend the job file at that place", e);
        }
    }

    static JobNode Read(ref Utf8JsonReader reader, byte[] bytes, string path)
    {
        var node = new JobNode(KindOf(reader.TokenType), path, bytes, (int)reader.TokenStartIndex);
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                node.ReadField(ref reader, bytes);
            }
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                node._items.Add(Read(ref reader, bytes, $"{path}[{node._items.Count}]"));
            }
        }

        node._end = (int)reader.BytesConsumed;
        return node;
    }

    JsonElement Parse()
    {
        using var document = JsonDocument.Parse(_bytes.AsMemory(_start, _end - _start), s_options);
        return document.RootElement.Clone();
    }

    void ReadField(ref Utf8JsonReader reader, byte[] bytes)
    {
        var name = reader.GetString() ?? "";
        var path = Path.Length == 0 ? name : $"{Path}.{name}";
        if (_byName.ContainsKey(name))
        {
            throw new RunFaultException(
                Faults.JobField, "given twice", $"{path} ({PlaceOf((int)reader.TokenStartIndex)})", "keep one of the two");
        }

        reader.Read();
        var node = Read(ref reader, bytes, path);
        _fields.Add((name, node));
        _byName.Add(name, node);
    }

    // Worked out only when somebody complains: counting lines for every value would make reading quadratic.
    string PlaceOf(int index)
    {
        var before = _bytes.AsSpan(0, index);
        var line = before.Count((byte)'\n') + 1;
        var lineStart = before.LastIndexOf((byte)'\n') + 1;
        return $"line {line}, column {Encoding.UTF8.GetCharCount(before[lineStart..]) + 1}";
    }

    static JsonValueKind KindOf(JsonTokenType token) => token switch
    {
        JsonTokenType.StartObject => JsonValueKind.Object,
        JsonTokenType.StartArray => JsonValueKind.Array,
        JsonTokenType.String => JsonValueKind.String,
        JsonTokenType.Number => JsonValueKind.Number,
        JsonTokenType.True => JsonValueKind.True,
        JsonTokenType.False => JsonValueKind.False,
        _ => JsonValueKind.Null,
    };
}
