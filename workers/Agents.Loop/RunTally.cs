using Agents.Contracts.Transcript;

namespace Agents.Loop;

/// <summary>What a run has used so far.</summary>
sealed class RunTally
{
    public int Steps { get; private set; }

    public int ToolCalls { get; set; }

    public int BadCalls { get; set; }

    public TokenUsage Usage { get; private set; } = new();

    /// <summary>Null until a call had a price.</summary>
    public decimal? CostUsd { get; private set; }

    public string? LastContent { get; private set; }

    public string? Model { get; private set; }

    public void Add(ModelReply reply)
    {
        Steps++;
        Usage += reply.Usage;
        CostUsd = reply.CostUsd is { } cost ? (CostUsd ?? 0) + cost : CostUsd;
        Model = reply.Model ?? Model;
        if (!string.IsNullOrWhiteSpace(reply.Content))
        {
            LastContent = reply.Content;
        }
    }
}
