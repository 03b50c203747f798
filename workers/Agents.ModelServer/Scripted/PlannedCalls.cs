using System.Globalization;
using System.Text.RegularExpressions;

namespace Agents.ModelServer.Scripted;

/// <summary>
/// A goal that is a list of calls, one a line: "- TOOL {arguments}". Each is made once, in order, whatever the one before
/// was answered; the answer tells what the last one said.
/// </summary>
static partial class PlannedCalls
{
    const int ResultCharsMax = 400;

    public static IReadOnlyList<PlannedCall> Read(Conversation c) =>
        [.. Line().Matches(c.Goal)
            .Select(m => new PlannedCall(m.Groups[1].Value, m.Groups[2].Value))
            .Where(p => c.Tools.Contains(p.Name) && JsonRead.Object(p.Arguments) is not null)];

    public static Move Next(Conversation c, IReadOnlyList<PlannedCall> plan)
    {
        if (c.CallCount < plan.Count && !ScriptedPolicy.AskedToStop(c))
        {
            var next = plan[c.CallCount];
            return Move.Use(
                string.Create(CultureInfo.InvariantCulture, $"Call {c.CallCount + 1} of {plan.Count} on my list is {next.Name}."), next);
        }

        var last = c.LastStep.Count == 0 ? null : c.LastStep[^1];
        var summary = string.Create(CultureInfo.InvariantCulture, $"{c.CallCount} of {plan.Count} calls made.")
            + (last is null ? "" : $" {last.Name} answered: {Plain.Cut(Plain.OneLine(last.Result ?? "nothing"), ResultCharsMax)}");
        var facts = new Facts(summary, c.CallCount >= plan.Count, [("calls", (long)c.CallCount)]);
        return Move.Answer(
            "The list is done. I answer with what the last call said.",
            c.AnswerSchema is { } schema ? AnswerWriter.Json(schema, facts) : summary);
    }

    [GeneratedRegex(@"^[-*] ([A-Za-z0-9_-]{1,64}) (\{.*\})\s*$", RegexOptions.Multiline)]
    private static partial Regex Line();
}
