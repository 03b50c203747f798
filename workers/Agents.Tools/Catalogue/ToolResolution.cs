using Agents.Contracts.Runs;

namespace Agents.Tools.Catalogue;

/// <summary>The tools of a run as they will be pinned, what a person may want to know, and what stands in the way.</summary>
public sealed record ToolResolution(
    IReadOnlyList<ToolSpec> Tools,
    IReadOnlyList<string> Notes,
    IReadOnlyList<ToolProblem> Problems);

/// <summary>Why a run cannot have a tool; <paramref name="Code"/> is one of <see cref="ToolErrors"/>.</summary>
public sealed record ToolProblem(string Code, string Message);
