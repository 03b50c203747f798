using System.Text.Json;
using Agents.Contracts.Runs;
using Agents.Inference.Requests;

namespace Agents.Inference.Profiles;

/// <summary>What a profile must fulfil, one sentence for each thing it does not.</summary>
internal static class ProfileCheck
{
    static readonly string[] s_dialects = ["chat", "responses", "anthropic"];

    public static IEnumerable<string> Problems(ModelProfile p)
    {
        var rules = new (bool Holds, string Otherwise)[]
        {
            (p.Name.Trim().Length > 0, "\"name\" is empty"),
            (p.Model.Trim().Length > 0, "\"model\" is empty"),
            (s_dialects.Contains(p.Dialect), $"\"dialect\" is '{p.Dialect}': use {string.Join(", ", s_dialects)}"),
            (IsHttp(p.BaseUrl), $"\"baseUrl\" is '{p.BaseUrl}': give an absolute http or https URL"),
            (p.ContextTokens > 0, "\"contextTokens\" must be above 0"),
            (p.OutputTokensMax > 0 && p.OutputTokensMax <= p.ContextTokens,
                "\"outputTokensMax\" must be above 0 and no more than \"contextTokens\""),
            (p.OutputTokensField is "max_tokens" or "max_completion_tokens",
                $"\"outputTokensField\" is '{p.OutputTokensField}': use max_tokens or max_completion_tokens"),
            (p.Temperature is null or (>= 0 and <= 2), "\"temperature\" must be 0 to 2"),
            (p.TopP is null or (> 0 and <= 1), "\"topP\" must be above 0 and at most 1"),
            (p.ToolCallIds is "as_given" or "functions_index",
                $"\"toolCallIds\" is '{p.ToolCallIds}': use as_given or functions_index"),
            (p.ToolNameMin is >= 1 and <= ToolRenderer.NameMax, $"\"toolNameMin\" must be 1 to {ToolRenderer.NameMax}"),
            (p.Queue is null or { Length: > 0 and <= 200 }, "\"queue\" must be a name, or NAME/KEY, of 1 to 200 characters"),
            (p.Serve is null or { Command.Count: > 0 } && p.Serve?.Command.All(c => c.Length > 0) != false, "\"serve\".\"command\" must name a program"),
            (p.ToolsMax > 0, "\"toolsMax\" must be above 0"),
            (p.IdleTimeout > TimeSpan.Zero && p.IdleTimeout <= TimeSpan.FromDays(1),
                "\"idleTimeout\" must be above 0 and at most a day"),
            (p.Prices.All(IsPrice), "\"prices\" must not be negative"),
            (p.Prices.Select(r => r.From).Distinct().Count() == p.Prices.Count, "two \"prices\" begin on the same day"),
            (p.Extra is null or { ValueKind: JsonValueKind.Object }, "\"extra\" must be a JSON object"),
        };
        return rules.Where(r => !r.Holds).Select(r => r.Otherwise).Concat(ReservedExtras(p));
    }

    static IEnumerable<string> ReservedExtras(ModelProfile p) => p.Extra is { ValueKind: JsonValueKind.Object } extra
        ? extra.EnumerateObject().Where(f => RequestBody.Reserved.Contains(f.Name))
            .Select(f => $"\"extra\" may not set \"{f.Name}\": the client writes it")
        : [];

    static bool IsHttp(string text) => Uri.TryCreate(text, UriKind.Absolute, out var address)
        && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps);

    static bool IsPrice(ModelPrice p) => p is { InMiss: >= 0, Out: >= 0, InHit: null or >= 0, InWrite: null or >= 0 };
}
