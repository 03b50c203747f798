using System.Text;
using System.Text.Json;
using Agents.Contracts.Transcript;

namespace Agents.Inference.Streaming;

/// <summary>
/// Joins the fragments of tool calls. Servers leave out the index, send null ids, repeat the name in every fragment,
/// or number every call 0: a fragment begins a new call when its index is new or its id contradicts the open one.
/// </summary>
internal sealed class ToolCallCollector(ModelBounds bounds)
{
    const int NameCharsMax = 256;
    const int IdCharsMax = 512;

    sealed class Open
    {
        public int? Index;
        public string Id = "";
        public string Name = "";
        public readonly StringBuilder Arguments = new();
    }

    readonly List<Open> _calls = [];

    public int Count => _calls.Count;

    /// <summary>Characters of all names and arguments.</summary>
    public long Chars => _calls.Sum(c => (long)c.Name.Length + c.Arguments.Length);

    /// <summary>Reads an array of fragments; gives the text that was added, for those who watch.</summary>
    public IEnumerable<string> Add(JsonElement fragments)
    {
        if (fragments.ValueKind != JsonValueKind.Array)
        {
            yield break;
        }

        foreach (var fragment in fragments.EnumerateArray())
        {
            if (fragment.ValueKind == JsonValueKind.Object && AddOne(fragment) is { Length: > 0 } text)
            {
                yield return text;
            }
        }
    }

    /// <summary>Reads the old single function_call form.</summary>
    public string AddFunctionCall(JsonElement function)
    {
        if (_calls.Count == 0)
        {
            _calls.Add(new Open { Index = 0 });
        }

        return AddFunction(_calls[0], function);
    }

    /// <summary>The calls in the order they began; null when one has no name, which no answer of a tool can follow.</summary>
    public IReadOnlyList<ToolCall>? Result() => _calls.Any(c => c.Name.Length == 0)
        ? null
        : [.. _calls.Select((c, i) => new ToolCall(
            i, c.Id.Length > 0 ? c.Id : $"call_{i}", c.Name, JsonText.Sound(c.Arguments.ToString())))];

    string AddOne(JsonElement fragment)
    {
        int? index = fragment.TryGetProperty("index", out var i) && i.ValueKind == JsonValueKind.Number
            && i.TryGetInt32(out var number) ? number : null;
        var id = JsonText.Read(fragment, "id") ?? "";
        var function = fragment.TryGetProperty("function", out var f) && f.ValueKind == JsonValueKind.Object ? f : fragment;
        var call = Find(index, id, JsonText.Read(function, "name") is { Length: > 0 });
        if (call is null)
        {
            if (_calls.Count >= bounds.ToolCallsMax)
            {
                throw new BoundReached($"more than {bounds.ToolCallsMax} tool calls in one reply");
            }

            _calls.Add(call = new Open { Index = index });
        }

        if (call.Id.Length == 0)
        {
            call.Id = id.Length <= IdCharsMax ? id : throw new BoundReached($"a tool call id of more than {IdCharsMax} characters");
        }

        return AddFunction(call, function);
    }

    Open? Find(int? index, string id, bool named)
    {
        var open = index is { } i ? _calls.FindLast(c => c.Index == i)
            : id.Length > 0 ? _calls.FindLast(c => c.Id == id)
            : null;
        if (open is not null)
        {
            // The same index under another id with a name of its own is another call.
            return named && id.Length > 0 && open.Id.Length > 0 && open.Id != id ? null : open;
        }

        // Without an index: a fragment with neither id nor name goes on with the last call.
        return index is null && id.Length == 0 && !named ? _calls.LastOrDefault() : null;
    }

    string AddFunction(Open call, JsonElement function)
    {
        var shown = new StringBuilder();
        if (JsonText.Read(function, "name") is { Length: > 0 } name && name != call.Name)
        {
            call.Name += name;
            shown.Append(name);
            if (call.Name.Length > NameCharsMax)
            {
                throw new BoundReached($"a tool name of more than {NameCharsMax} characters");
            }
        }

        if (function.TryGetProperty("arguments", out var arguments))
        {
            // A string is the model's own text; an object (some servers parse it first) is kept as it was sent.
            var text = JsonText.Read(arguments)
                ?? (arguments.ValueKind is JsonValueKind.Object or JsonValueKind.Array ? arguments.GetRawText() : "");
            call.Arguments.Append(text);
            shown.Append(text);
            if (call.Arguments.Length > bounds.ArgumentCharsMax)
            {
                throw new BoundReached($"tool call arguments of more than {bounds.ArgumentCharsMax} characters");
            }
        }

        return shown.ToString();
    }
}
