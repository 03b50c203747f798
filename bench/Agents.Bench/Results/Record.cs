using System.Text.Json;
using System.Text.Json.Nodes;
using Agents.Bench.Machine;

namespace Agents.Bench.Results;

/// <summary>
/// bench/results/DATE-COMMIT.json with its page and picture. Recording again for the same day and commit replaces the
/// lines that measured the same thing and keeps the others.
/// </summary>
static class Record
{
    static readonly string[] s_identity = ["peer", "store", "measure", "runs", "bytes", "length", "effect", "content", "kind"];

    static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Save(IReadOnlyList<ResultLine> lines, DateTimeOffset today)
    {
        var name = Path.Combine(Checkout.Results, $"{today:yyyy-MM-dd}-{MachineFacts.Commit().TrimEnd('+')}");
        var all = Merge(Read(name + ".json"), lines);
        var array = new JsonArray([.. all.Select(l => l.ToJson())]);
        File.WriteAllText(name + ".json", array.ToJsonString(s_json) + "\n");
        File.WriteAllText(name + ".svg", Picture.Draw(all));
        File.WriteAllText(name + ".md", Page.Write(all, Path.GetFileName(name)));
        return name + ".md";
    }

    static List<ResultLine> Read(string path) => File.Exists(path)
        ? [.. JsonNode.Parse(File.ReadAllText(path))!.AsArray().Select(n => ResultLine.TryParse(n!.ToJsonString())!)]
        : [];

    static List<ResultLine> Merge(List<ResultLine> old, IReadOnlyList<ResultLine> fresh)
    {
        var replaced = fresh.Select(Identity).ToHashSet();
        return [.. old.Where(l => !replaced.Contains(Identity(l))), .. fresh];
    }

    static string Identity(ResultLine line)
    {
        var json = line.ToJson();
        return string.Join('|', s_identity.Select(k => json[k]?.ToJsonString() ?? ""));
    }
}
