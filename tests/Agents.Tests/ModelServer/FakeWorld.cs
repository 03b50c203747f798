using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Agents.Contracts.Transcript;

namespace Agents.Tests.ModelServer;

/// <summary>Tools with the shapes the policy was written for, over files in memory. A reference here is `[x](target)`.</summary>
sealed partial class FakeWorld(params IReadOnlyList<(string Path, string Text)> files)
{
    static readonly JsonSerializerOptions s_compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    readonly Queue<JsonObject> _worklist = new();
    readonly HashSet<string> _known = [];
    int _taken;

    public List<string> Lines { get; } = [];
    public List<JsonObject> Findings { get; } = [];
    public List<string> Calls { get; } = [];

    /// <summary>Answers of these calls instead of the tools' own, once each, by the beginning of "name arguments".</summary>
    public Dictionary<string, string> Refuse { get; } = [];

    public string Act(ToolCall call)
    {
        var text = $"{call.Name} {call.Arguments}";
        Calls.Add(text);
        return Refuse.Keys.FirstOrDefault(k => text.StartsWith(k, StringComparison.Ordinal)) is { } key && Refuse.Remove(key, out var why)
            ? why
            : Run(call.Name, JsonNode.Parse(call.Arguments)!.AsObject());
    }

    string Run(string tool, JsonObject arguments) => tool switch
    {
        "worklist_files" => Add("files", files.Select(f => f.Path).Where(p => arguments["pattern"] is null || p.EndsWith(".md", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal).Select(p => new JsonObject { ["kind"] = Text(arguments, "kind"), ["path"] = p })),
        "worklist_references" => Collect(Text(arguments, "page")!),
        "worklist_next" => Next(),
        "file_head" => Head(Text(arguments, "path")!),
        "append" => Append(Text(arguments, "line")!),
        "check_reference" => Check(Text(arguments, "target")!),
        "suggest_replacement" => Suggest(Text(arguments, "target")!),
        "record_finding" => Record(arguments),
        _ => throw new InvalidOperationException($"the policy called {tool}"),
    };

    string Add(string counted, IEnumerable<JsonObject> items)
    {
        var all = items.ToList();
        var fresh = all.Where(i => _known.Add(i.ToJsonString(s_compact))).ToList();
        fresh.ForEach(_worklist.Enqueue);
        return new JsonObject { [counted] = all.Count, ["added"] = fresh.Count, ["pending"] = _worklist.Count }.ToJsonString(s_compact);
    }

    string Collect(string page)
    {
        var file = files.FirstOrDefault(f => f.Path == page);
        return file.Path is null ? $"there is no file '{page}'" : Add("references", Link().Matches(file.Text)
            .Select(m => new JsonObject { ["kind"] = "link", ["target"] = m.Groups[1].Value, ["from"] = page }));
    }

    string Next()
    {
        if (!_worklist.TryDequeue(out var item))
        {
            return new JsonObject { ["done"] = true, ["taken"] = _taken, ["added"] = _known.Count }.ToJsonString(s_compact);
        }

        _taken++;
        return new JsonObject { ["done"] = false, ["item"] = item, ["taken"] = _taken, ["pending"] = _worklist.Count }.ToJsonString(s_compact);
    }

    string Head(string path)
    {
        var file = files.FirstOrDefault(f => f.Path == path);
        return file.Path is null ? $"there is no file '{path}'" : new JsonObject
        {
            ["path"] = path, ["size"] = Encoding.UTF8.GetByteCount(file.Text), ["heading"] = file.Text.Split('\n')[0].TrimStart('#', ' '),
        }.ToJsonString(s_compact);
    }

    string Append(string line)
    {
        Lines.Add(line);
        return new JsonObject { ["path"] = "digest.txt", ["lines"] = Lines.Count, ["bytes"] = Lines.Sum(l => Encoding.UTF8.GetByteCount(l) + 1) }
            .ToJsonString(s_compact);
    }

    string Check(string target) => new JsonObject
    {
        ["status"] = target.StartsWith("http", StringComparison.Ordinal) ? "external" : files.Any(f => f.Path == target) ? "ok" : "broken",
        ["detail"] = $"checked {target}",
    }.ToJsonString(s_compact);

    string Suggest(string target) => new JsonObject
    {
        ["suggestions"] = new JsonArray([.. files.Where(f => f.Path.EndsWith('/' + target.Split('/')[^1], StringComparison.Ordinal)).Select(f => JsonValue.Create(f.Path))]),
    }.ToJsonString(s_compact);

    string Record(JsonObject finding)
    {
        Findings.Add((JsonObject)finding.DeepClone());
        var totals = new JsonObject { ["findings"] = Findings.Count };
        foreach (var status in (string[])["ok", "broken", "external", "unknown"])
        {
            totals[status] = Findings.Count(f => (string)f["status"]! == status);
        }

        return totals.ToJsonString(s_compact);
    }

    static string? Text(JsonObject arguments, string name) => (string?)arguments[name];

    [GeneratedRegex(@"\]\(([^)]+)\)")]
    private static partial Regex Link();
}
