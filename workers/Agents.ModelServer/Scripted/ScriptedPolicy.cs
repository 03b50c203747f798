using System.Text.RegularExpressions;

namespace Agents.ModelServer.Scripted;

/// <summary>
/// The fixed policy behind the model called "scripted". It is a pure function of one request: which of the jobs it
/// knows is asked for, and what the next move of that job is. It is no language model and says so when asked for more.
/// </summary>
static partial class ScriptedPolicy
{
    static readonly string[] s_listing = ["worklist_files", "worklist_next"];

    public static Move Next(Conversation conversation)
    {
        var digest = Offers(conversation, "file_head", "append");
        var audit = Offers(conversation, "worklist_references", "check_reference", "suggest_replacement", "record_finding");
        if (digest && audit)
        {
            // Both tool sets are there: the words of the goal decide.
            audit = AuditWords().IsMatch(conversation.Goal);
            digest = !audit && DigestWords().IsMatch(conversation.Goal);
        }

        return audit ? ReferenceAudit.Next(conversation)
            : digest ? FolderDigest.Next(conversation)
            : PlannedCalls.Read(conversation) is { Count: > 0 } plan ? PlannedCalls.Next(conversation, plan)
            : Unknown(conversation);
    }

    /// <summary>Whether somebody asked, after the goal, to end early.</summary>
    public static bool AskedToStop(Conversation conversation) => conversation.LaterUserTexts.Any(t => StopWords().IsMatch(t));

    static bool Offers(Conversation conversation, params string[] tools) =>
        s_listing.Concat(tools).All(conversation.Tools.Contains);

    static Move Unknown(Conversation conversation)
    {
        const string Knows =
            "I am `scripted`: a fixed policy, not a language model. I can drive three jobs: a folder digest (tools worklist_files, "
            + "worklist_next, file_head, append), a reference audit (worklist_files, worklist_next, worklist_references, "
            + "check_reference, suggest_replacement, record_finding) and a list of calls (a goal with lines \"- TOOL {arguments}\"). For anything else choose a real model with --model.";
        var reason = conversation.Tools.Count == 0
            ? "No tools are offered, so this is neither of the jobs I know. I can only say what I am."
            : "The tools and the goal are not those of a job I know. I can only say what I am.";
        return Move.Answer(reason, conversation.AnswerSchema is { } schema
            ? AnswerWriter.Json(schema, new Facts(Knows, false, []))
            : Knows);
    }

    [GeneratedRegex(@"\b(audit|references?|links?|findings?)\b", RegexOptions.IgnoreCase)]
    private static partial Regex AuditWords();

    [GeneratedRegex(@"\b(digest|list(ing)?|summar(y|ise|ize)|headings?)\b", RegexOptions.IgnoreCase)]
    private static partial Regex DigestWords();

    [GeneratedRegex(@"(?<!\b(don't|do not|never) )\b(stop|finish now|wrap up|end now|answer now|that is enough)\b", RegexOptions.IgnoreCase)]
    private static partial Regex StopWords();
}
