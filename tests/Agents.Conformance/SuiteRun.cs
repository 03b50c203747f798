using System.Text.Json;
using Xunit;

namespace Agents.Conformance;

/// <summary>One run of the JavaScript suite in one environment; its cases are asked for one by one.</summary>
sealed class SuiteRun(string sdk, string store, Func<string[]?> serve)
{
    static readonly TimeSpan s_limit = TimeSpan.FromMinutes(4);

    readonly Lazy<Task<Report>> _report = new(() => RunAsync(sdk, store, serve()));

    /// <summary>The outcome of a case: null passed, otherwise the message of its failure.</summary>
    public async Task<string?> FailureOfAsync(string name)
    {
        var report = await _report.Value;
        return report.Outcomes.TryGetValue(name, out var failure) ? failure
            : $"the case reported nothing. What its run said:\n{report.Said}";
    }

    public async Task ExpectAsync(string name)
    {
        if (await FailureOfAsync(name) is { } failure)
        {
            Assert.Fail(failure);
        }
    }

    static async Task<Report> RunAsync(string sdk, string store, string[]? serve)
    {
        await Packages.InstalledAsync();
        List<string> arguments = ["run.js", "--sdk", sdk, "--store", store];
        if (serve is not null)
        {
            arguments.AddRange(["--serve", JsonSerializer.Serialize(serve)]);
        }

        var (output, errors, code) = await Tool.AttemptAsync("node", s_limit, [.. arguments]);
        var outcomes = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var json = JsonDocument.Parse(line);
            var row = json.RootElement;
            outcomes[row.GetProperty("case").GetString()!] = row.GetProperty("outcome").GetString() == "passed" ? null
                : row.GetProperty("message").GetString();
        }

        return new Report(outcomes, $"exit code {code}\n{Tool.Tail(errors)}");
    }

    sealed record Report(IReadOnlyDictionary<string, string?> Outcomes, string Said);
}
