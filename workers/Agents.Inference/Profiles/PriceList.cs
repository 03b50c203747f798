using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;

namespace Agents.Inference.Profiles;

/// <summary>Money from tokens, by the price row in force on the day of the call.</summary>
public static class PriceList
{
    const decimal Million = 1_000_000m;

    /// <summary>The row in force on that day: the latest that has begun; null when none has.</summary>
    public static ModelPrice? InForce(ModelProfile profile, DateOnly day) =>
        profile.Prices.Where(p => p.From <= day).MaxBy(p => p.From);

    /// <summary>USD; null where no price is known. An unknown hit or write price is billed as a miss, never as nothing.</summary>
    public static decimal? Cost(ModelProfile profile, TokenUsage usage, DateOnly day) => InForce(profile, day) is { } price
        ? (usage.InMiss * price.InMiss + usage.InHit * (price.InHit ?? price.InMiss)
            + usage.InWrite * (price.InWrite ?? price.InMiss) + usage.Out * price.Out) / Million
        : null;
}
