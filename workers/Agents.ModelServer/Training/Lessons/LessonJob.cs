using System.Text.Json;
using Agents.Client.Jobs;
using Agents.Contracts.Runs;
using Agents.Tools.Catalogue;

namespace Agents.ModelServer.Training.Lessons;

/// <summary>One of the two default jobs, as the repository's examples have it.</summary>
public sealed class LessonJob
{
    public const string Audit = "reference-audit";
    public const string Digest = "folder-digest";

    readonly JobDraft _draft;
    readonly List<JsonElement> _tools;

    LessonJob(string text)
    {
        _draft = JobDraft.Parse(text);
        using var json = JsonDocument.Parse(text, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        _tools = [.. json.RootElement.GetProperty("tools").EnumerateArray().Select(t => t.Clone())];
    }

    public string OutFile => _draft.OutFile ?? "findings.jsonl";

    public static LessonJob Named(string name)
    {
        using var stream = typeof(LessonJob).Assembly.GetManifestResourceStream($"{name}.json")
            ?? throw new InvalidOperationException($"{name}.json is not embedded");
        using var reader = new StreamReader(stream);
        return new LessonJob(reader.ReadToEnd());
    }

    /// <summary>The run's pinned input, as a job reader would make it.</summary>
    public async Task<RunInput> InputAsync(ToolCatalogue catalogue, string root, string output, ModelProfile model, CancellationToken cancel)
    {
        var settings = _draft.Settings with { Root = root, Out = output, OutFile = OutFile, Include = [] };
        var resolved = await catalogue.ResolveAsync(_tools, settings, cancel);
        return new RunInput
        {
            Name = _draft.Name, System = _draft.System?.Replace("{out}", OutFile, StringComparison.Ordinal),
            Goal = _draft.Goal.Replace("{out}", OutFile, StringComparison.Ordinal), Model = model, Tools = resolved.Tools,
            Limits = _draft.Limits, Context = _draft.Context, OutputSchema = _draft.OutputSchema, ToolSettings = settings,
        };
    }
}
