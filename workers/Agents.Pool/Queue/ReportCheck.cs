using System.Net;
using Agents.Contracts.Pool;

namespace Agents.Pool.Queue;

/// <summary>Whether a report may be taken: what comes in is bounded, and a pool calls no address it should not.</summary>
static class ReportCheck
{
    const int NameMax = 100;
    const int ModelsMax = 64;
    const int ModelNameMax = 256;
    const int TextMax = 1_000;
    const int HeldNoteNameMax = 200;
    const int EveryMsMin = 50;
    const int EveryMsMax = 300_000;

    /// <summary>How an address of Dapr begins.</summary>
    public const string Dapr = "dapr:";

    public static void Check(WorkerReport report, PoolOptions options)
    {
        Require(IsName(report.Worker), "worker", $"1 to {NameMax} letters, digits, dots, dashes and underscores");
        Require(report.Incarnation is { Length: > 0 and <= NameMax }, "incarnation", $"1 to {NameMax} characters");
        Require(report.EveryMs is >= EveryMsMin and <= EveryMsMax, "everyMs", $"{EveryMsMin} to {EveryMsMax}");
        Require(
            report.Models is { Count: <= ModelsMax } && report.Models.All(m => m is { Length: > 0 and <= ModelNameMax }), "models",
            $"at most {ModelsMax} names of 1 to {ModelNameMax} characters");
        Require((report.Why?.Length ?? 0) <= TextMax && (report.Server?.Length ?? 0) <= NameMax, "why", $"at most {TextMax} characters");
        Require(
            report.Held is null || report.Held.Count <= Routing.HeldPrefixes.EntriesMax
                && report.Held.All(h => h is { Tokens: >= 0, Name.Length: > 0 and <= HeldNoteNameMax }),
            "held", $"at most {Routing.HeldPrefixes.EntriesMax} beginnings");
        var figures = report.Figures;
        Require(
            figures is { KvTokens: null or >= 0, KvTokensUsed: null or >= 0, ContextTokens: null or >= 0 }
                and { Running: null or >= 0, RunningMax: null or >= 0, Waiting: null or >= 0 },
            "figures", "no figure below 0");
        CheckAddress(report.Address, options);
    }

    static void CheckAddress(string? address, PoolOptions options)
    {
        if (address?.StartsWith(Dapr, StringComparison.Ordinal) == true)
        {
            Require(IsName(address[Dapr.Length..]), "address", "dapr:APP-ID");
            Require(options.Dapr is not null, "address", "an http address, because this pool knows no Dapr sidecar (--dapr)");
            return;
        }

        Require(
            Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0
                && uri.Query.Length == 0 && uri.Fragment.Length == 0,
            "address", "an http or https address with its version segment, such as http://127.0.0.1:8000/v1");

        // Whoever may report decides where requests go: without keys that is only this machine itself.
        Require(!options.Access.AskForNothing || IsHere(uri!), "address", "an address of this machine, as long as this pool asks for no key");
    }

    static bool IsHere(Uri uri) => uri.Host == "localhost" || (IPAddress.TryParse(uri.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));

    static bool IsName(string? name) =>
        name is { Length: > 0 and <= NameMax } && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    static void Require(bool holds, string where, string expected)
    {
        if (!holds)
        {
            throw new PoolException("AG4052", $"a worker's report cannot be taken: {where}: expected {expected}", "mend what reports");
        }
    }
}
