using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Runs;
using Agents.Tools.Artifacts;
using Agents.Tools.Files;
using Agents.Tools.Http;
using Agents.Tools.References;
using Agents.Tools.Worklist;

namespace Agents.Tools.Catalogue;

/// <summary>The tools that come with us; what models are told of them is data, in catalogue.json.</summary>
sealed class BuiltIns
{
    readonly Dictionary<string, ITool> _tools;

    public BuiltIns(ToolEnvironment environment, ArtifactStore artifacts)
    {
        var context = new BuiltInContext(environment);
        var worklists = new Worklists(context);
        var references = new ReferenceChecks(context);
        _tools = ReadSpecs().Select(spec => Make(spec, context, worklists, references, artifacts))
            .ToDictionary(t => t.Spec.Name, StringComparer.Ordinal);
    }

    public IEnumerable<ToolSpec> Specs => _tools.Values.Select(t => t.Spec);

    public ITool? Find(string name) => _tools.GetValueOrDefault(name);

    static ITool Make(
        ToolSpec spec, BuiltInContext context, Worklists worklists, ReferenceChecks references, ArtifactStore artifacts) =>
        spec.Name switch
        {
            "list_files" => new ListFilesTool(spec, context),
            "read_file" => new ReadFileTool(spec),
            "search_files" => new SearchFilesTool(spec, context),
            "append" => new AppendTool(spec, context),
            "write_file" => new WriteFileTool(spec, context),
            "worklist_next" => new WorklistNextTool(spec, context.Environment, worklists),
            "worklist_add" => new WorklistAddTool(spec, context.Environment, worklists),
            "worklist_files" => new WorklistFilesTool(spec, context, worklists),
            "worklist_references" => new WorklistReferencesTool(spec, context, worklists),
            "file_head" => new FileHeadTool(spec),
            "check_reference" => new CheckReferenceTool(spec, references, worklists),
            "suggest_replacement" => new SuggestReplacementTool(spec, references, worklists),
            "record_finding" => new RecordFindingTool(spec, context, worklists),
            "http_fetch" => new HttpFetchTool(spec),
            "read_artifact" => new ReadArtifactTool(spec, artifacts),
            _ => throw new InvalidOperationException($"catalogue.json names '{spec.Name}', which has no code"),
        };

    static ToolSpec[] ReadSpecs()
    {
        using var stream = typeof(BuiltIns).Assembly.GetManifestResourceStream("catalogue.json")
            ?? throw new InvalidOperationException("catalogue.json is not embedded");
        using var json = JsonDocument.Parse(stream);
        return [.. json.RootElement.EnumerateArray()
            .Select(e => e.Deserialize(ContractsJson.Default.ToolSpec)!)
            .Select(s => s with { Parameters = s.Parameters.Clone() })];
    }
}
