namespace Agents.ModelServer.Generation;

/// <summary>How a token is drawn from what the model thinks likely.</summary>
public sealed record SamplingOptions
{
    /// <summary>0 takes the likeliest token; 1 draws as the model thinks; at most 2.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Only the likeliest tokens that make up this share together; 1 for all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Only so many of the likeliest tokens; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Only tokens at least this share as likely as the likeliest; 0 for all.</summary>
    public double MinP { get; init; }

    /// <summary>Taken from the logit of every token that was said before, -2 to 2.</summary>
    public double PresencePenalty { get; init; }

    /// <summary>Taken from the logit of a token for every time it was said before, -2 to 2.</summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>Added to the logits of these tokens, -100 to 100 each.</summary>
    public IReadOnlyDictionary<int, double>? Bias { get; init; }

    /// <summary>The same seed on the same logits gives the same tokens.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Tokens to report beside each chosen one with their probability; -1 for no report at all.</summary>
    public int LogprobsTop { get; init; } = -1;
}
