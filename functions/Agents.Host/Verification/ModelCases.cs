using System.Text.Json;
using System.Text.Json.Serialization;
using Agents.Contracts.Runs;

namespace Agents.Host.Verification;

/// <summary>The fixed set of requests that a model is verified with: some call for a tool, some for an answer.</summary>
sealed record ModelCases
{
    public required IReadOnlyList<CaseTool> Tools { get; init; }

    public required IReadOnlyList<ModelCase> Cases { get; init; }

    public static ModelCases Load()
    {
        using var file = typeof(ModelCases).Assembly.GetManifestResourceStream("Verification/cases.json")!;
        return JsonSerializer.Deserialize(file, CasesJson.Default.ModelCases)!;
    }

    /// <summary>The tools as a run has them.</summary>
    public IReadOnlyList<ToolSpec> Specs => [.. Tools.Select(t => new ToolSpec { Name = t.Name, Description = t.Description, Parameters = t.Parameters })];
}

sealed record CaseTool(string Name, string Description, JsonElement Parameters);

/// <summary>One request.</summary>
/// <param name="Call">The tool that it calls for; null: an answer without any.</param>
/// <param name="Did">A call with its result that stands in the conversation already.</param>
sealed record ModelCase(string Id, string User, string? Call, CaseCall? Did);

sealed record CaseCall(string Tool, JsonElement Arguments, string Result);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ModelCases))]
sealed partial class CasesJson : JsonSerializerContext;
