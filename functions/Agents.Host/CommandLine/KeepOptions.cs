using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using Agents.Client.Runs;
using Agents.Engine.Retention;
using Agents.Host.Verbs;

namespace Agents.Host.CommandLine;

/// <summary>How long ended runs are kept.</summary>
sealed partial class KeepOptions
{
    readonly Option<string?> _completed = Keep("--keep-completed", "runs that ended with an answer or at a limit of their own");
    readonly Option<string?> _failed = Keep("--keep-failed", "runs that failed");
    readonly Option<string?> _cancelled = Keep("--keep-cancelled", "runs that were cancelled");

    public Option[] All => [_completed, _failed, _cancelled];

    public RetentionPolicy Policy(ParseResult result) => new()
    {
        Completed = Time(result, _completed), Failed = Time(result, _failed), Terminated = Time(result, _cancelled),
    };

    public VerbContext AddTo(VerbContext context, ParseResult result) =>
        context with { Store = context.Store with { Retention = Policy(result) } };

    static Option<string?> Keep(string name, string what) => new(name)
    {
        Description = $"remove {what} so long after their end: 30d, 12h, 45m; for ever when left out", HelpName = "TIME",
    };

    static TimeSpan? Time(ParseResult result, Option<string?> option)
    {
        if (result.GetValue(option) is not { } text)
        {
            return null;
        }

        var match = Written().Match(text);
        if (!match.Success)
        {
            throw new RunFaultException(Faults.Usage, $"'{text}' is no time", option.Name, "a number and d, h or m: 30d, 12h, 45m; 0d removes at once");
        }

        var number = int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        return match.Groups[2].Value switch
        {
            "d" => TimeSpan.FromDays(number),
            "h" => TimeSpan.FromHours(number),
            _ => TimeSpan.FromMinutes(number),
        };
    }

    [GeneratedRegex(@"\A([0-9]{1,5})([dhm])\z")]
    private static partial Regex Written();
}
