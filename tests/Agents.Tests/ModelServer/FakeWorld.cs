using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Agents.Contracts.Transcript;

namespace Agents.Tests.ModelServer;

/// <summary>Tools with the shapes the policy was written for, over files in memory.</summary>
sealed class FakeWorld(params IReadOnlyList<(string Path, string Text)> files)
{
    static readonly JsonSerializerOptions s_compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    readonly Queue<string> _worklist = new();
    readonly HashSet<string> _known = [];
    int _taken;

    public int PageSize { get; init; } = 3;

    /// <summary>Bytes one read gives at most, whatever is asked for.</summary>
    public int ReadBytesMax { get; init; } = 1 << 20;

    public List<string> Lines { get; } = [];
    public List<JsonObject> Findings { get; } = [];
    public List<string> Reads { get; } = [];

    public string Act(ToolCall call) => Run(call.Name, JsonNode.Parse(call.Arguments)!.AsObject());

    string Run(string tool, JsonObject arguments) => tool switch
    {
        "list_files" => List(Text(arguments, "cursor")),
        "worklist_add" => Add(arguments["items"]!.AsArray()),
        "worklist_next" => Next(),
        "read_file" => Read(Text(arguments, "path")!, (int)(long)arguments["offset"]!, (int)(long)arguments["limit"]!),
        "append" => Append(Text(arguments, "line")!),
        "check_reference" => Check(Text(arguments, "kind")!, Text(arguments, "target")!),
        "search_files" => Search(Text(arguments, "query")!),
        "record_finding" => Record(arguments),
        _ => throw new InvalidOperationException($"the policy called {tool}"),
    };

    string List(string? cursor)
    {
        var paths = files.Select(f => f.Path).Order(StringComparer.Ordinal).ToList();
        var from = cursor is null ? 0 : paths.IndexOf(cursor) + 1;
        var page = paths.Skip(from).Take(PageSize).ToList();
        var result = new JsonObject { ["files"] = new JsonArray([.. page.Select(p => JsonValue.Create(p))]), ["total"] = paths.Count };
        if (from + page.Count < paths.Count)
        {
            result["nextCursor"] = page[^1];
        }

        return result.ToJsonString(s_compact);
    }

    string Add(JsonArray items)
    {
        var fresh = items.Select(i => i!.ToJsonString(s_compact)).Where(_known.Add).ToList();
        fresh.ForEach(_worklist.Enqueue);
        return new JsonObject { ["added"] = fresh.Count, ["duplicates"] = items.Count - fresh.Count, ["pending"] = _worklist.Count }
            .ToJsonString(s_compact);
    }

    string Next()
    {
        if (!_worklist.TryDequeue(out var item))
        {
            var byKind = new JsonObject();
            foreach (var kind in _known.GroupBy(k => (string)JsonNode.Parse(k)!["kind"]!))
            {
                byKind[kind.Key] = kind.Count();
            }

            return new JsonObject { ["done"] = true, ["taken"] = _taken, ["added"] = _known.Count, ["byKind"] = byKind }.ToJsonString(s_compact);
        }

        _taken++;
        return new JsonObject { ["done"] = false, ["item"] = JsonNode.Parse(item), ["taken"] = _taken, ["pending"] = _worklist.Count }
            .ToJsonString(s_compact);
    }

    string Read(string path, int offset, int limit)
    {
        Reads.Add($"{path}@{offset.ToString(CultureInfo.InvariantCulture)}");
        var file = files.FirstOrDefault(f => f.Path == path);
        if (file.Path is null || file.Text == "\0")
        {
            return file.Path is null ? $"no file '{path}'" : $"'{path}' is binary (1 bytes), not UTF-8 text; it cannot be shown";
        }

        var bytes = Encoding.UTF8.GetBytes(file.Text);
        var next = Math.Min(bytes.Length, offset + Math.Min(limit, ReadBytesMax));
        var result = new JsonObject
        {
            ["path"] = path, ["size"] = bytes.Length, ["offset"] = offset,
            ["text"] = Encoding.UTF8.GetString(bytes.AsSpan(offset, next - offset)), ["eof"] = next == bytes.Length,
        };
        if (next < bytes.Length)
        {
            result["next"] = next;
        }

        return result.ToJsonString(s_compact);
    }

    string Append(string line)
    {
        Lines.Add(line);
        return new JsonObject { ["path"] = "digest.txt", ["lines"] = Lines.Count, ["bytes"] = Lines.Sum(l => Encoding.UTF8.GetByteCount(l) + 1) }
            .ToJsonString(s_compact);
    }

    string Check(string kind, string target)
    {
        var path = target.Split('#')[0];
        var there = kind == "anchor" || files.Any(f => f.Path == path || f.Text.Contains($"class {target}", StringComparison.Ordinal));
        var status = target.StartsWith("http", StringComparison.Ordinal) ? "external" : there ? "ok" : "broken";
        var pages = new JsonArray();
        if (status == "ok" && path.EndsWith(".md", StringComparison.Ordinal))
        {
            pages.Add(path);
        }

        return new JsonObject { ["status"] = status, ["detail"] = $"checked {target}", ["newPages"] = pages }.ToJsonString(s_compact);
    }

    string Search(string query) => new JsonObject
    {
        ["matches"] = new JsonArray([.. files.Where(f => f.Path.Contains(query, StringComparison.Ordinal) || f.Text.Contains(query, StringComparison.Ordinal))
            .Select(f => new JsonObject { ["path"] = f.Path })]),
        ["truncated"] = false,
    }.ToJsonString(s_compact);

    string Record(JsonObject finding)
    {
        Findings.Add((JsonObject)finding.DeepClone());
        var byStatus = new JsonObject();
        foreach (var group in Findings.GroupBy(f => (string)f["status"]!))
        {
            byStatus[group.Key] = group.Count();
        }

        return new JsonObject { ["findings"] = Findings.Count, ["byStatus"] = byStatus }.ToJsonString(s_compact);
    }

    static string? Text(JsonObject arguments, string name) => (string?)arguments[name];
}
