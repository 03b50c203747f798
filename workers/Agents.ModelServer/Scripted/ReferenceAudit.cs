using System.Text.Json;

namespace Agents.ModelServer.Scripted;

/// <summary>
/// The reference audit: pages and references share one worklist. A page's references join the list; a reference is
/// checked, a replacement is looked for when it is broken, and it gets exactly one finding. Each move follows from the last
/// steps alone, so that the view may be short.
/// </summary>
static class ReferenceAudit
{
    static readonly PlannedCall s_next = PlannedCall.Of("worklist_next");

    public static Move Next(Conversation c)
    {
        if (ScriptedPolicy.AskedToStop(c))
        {
            return Answer(c, complete: false, "I was asked to stop, so I answer with the totals so far.");
        }

        if (c.LastStep.Count == 0)
        {
            return Move.Use("I put the pages on the worklist.", PlannedCall.Of("worklist_files", ("kind", "page"), ("pattern", Goal.Pattern(c.Goal) ?? "*.md")));
        }

        if (c.Last("worklist_files") is { Object: null } listing)
        {
            return Goal.Unlisted(c, listing);
        }

        var move = GoOn(c);
        return c.LastStep.FirstOrDefault(call => call is { Name: "record_finding", Object: null }) is { } refused
            && Mended(c, refused) is { } mended
            ? Move.Use("The finding was refused. I record it again and go on.", [mended, .. move.Calls])
            : move;
    }

    static Move GoOn(Conversation c)
    {
        if (c.Last("worklist_references") is { } page)
        {
            return page.Object is not null ? Move.Use("Its references are on the worklist. I take the next item.", s_next)
                : Goal.InHand(page.Result) is { } inHand ? Begin(inHand, "That was the wrong page. I take the one in hand.")
                : Again(c, page) ?? Move.Use("This page cannot be read. I take the next item.", s_next);
        }

        if (c.Last("check_reference") is { } check)
        {
            return Judge(check);
        }

        if (c.Last("suggest_replacement") is { } suggest)
        {
            return Suggest(suggest);
        }

        return c.Last("worklist_next") is { } taken ? Take(c, taken) : Move.Use("I take the next item.", s_next);
    }

    static Move Take(Conversation c, AnsweredCall taken)
    {
        if (taken.Object is not { } result)
        {
            return Answer(c, complete: false, "The worklist gave no item. I answer with the totals so far.");
        }

        return JsonRead.Member(result, "item") is { } item ? Begin(item, null)
            : Answer(c, complete: true, "The worklist is empty. I answer with the totals.");
    }

    static Move Begin(JsonElement item, string? why)
    {
        if (JsonRead.Text(item, "kind") == "page" && JsonRead.Text(item, "path") is { } path)
        {
            return Move.Use(why ?? "This is a page. I put its references on the worklist.", PlannedCall.Of("worklist_references", ("page", path)));
        }

        return JsonRead.Text(item, "target") is not null
            ? Move.Use(why ?? "This is a reference. I check it.", About("check_reference", item))
            : Move.Use("This item is neither a page nor a reference. I take the next one.", s_next);
    }

    // A page that is not there: a slip of the pen if what was taken is another one.
    static Move? Again(Conversation c, AnsweredCall page) =>
        c.Newest("worklist_next") is { } taken && JsonRead.Member(taken, "item") is { } item
            && JsonRead.Text(item, "path") is { } path && path != page.Argument("page")
            ? Begin(item, "There is no such page. I take the one in hand.")
            : null;

    static Move Judge(AnsweredCall check)
    {
        if (check.Object is not { } result)
        {
            return Goal.InHand(check.Result) is { } inHand
                ? Begin(inHand, "That was the wrong reference. I check the one in hand.")
                : Move.Use("This cannot be checked. I take the next item.", s_next);
        }

        var status = JsonRead.Text(result, "status") ?? "unknown";
        return status == "broken"
            ? Move.Use("It is broken. I look for a replacement.", About("suggest_replacement", check.ArgumentsRead))
            : Move.Use($"It is {status}. I record that and take the next item.", Finding(check.ArgumentsRead, status, null), s_next);
    }

    static Move Suggest(AnsweredCall suggest)
    {
        if (suggest.Object is not { } result)
        {
            return Goal.InHand(suggest.Result) is { } inHand
                ? Move.Use("That was the wrong reference. I look for a replacement of the one in hand.", About("suggest_replacement", inHand))
                : Move.Use("Nothing can be looked up. I take the next item.", s_next);
        }

        return JsonRead.Texts(result, "suggestions") is [var first, ..]
            ? Move.Use("I record it with the first suggestion and take the next item.", Finding(suggest.ArgumentsRead, "broken", first), s_next)
            : Move.Use("There is none. I record it as broken and take the next item.", Finding(suggest.ArgumentsRead, "broken", null), s_next);
    }

    /// <summary>A refused finding once more: about the item in hand, with a suggestion that was made.</summary>
    static PlannedCall? Mended(Conversation c, AnsweredCall refused)
    {
        var status = refused.Argument("status");
        if (Goal.InHand(refused.Result) is { } inHand)
        {
            return Finding(inHand, status, refused.Argument("suggestion") is { Length: > 0 } kept ? kept : null);
        }

        // The suggestion was at fault: what was suggested stands a step before.
        return c.Before("suggest_replacement") is { Object: { } made } asked
            ? Finding(asked.ArgumentsRead, status, JsonRead.Texts(made, "suggestions").FirstOrDefault())
            : null;
    }

    static PlannedCall About(string tool, JsonElement item) => PlannedCall.Of(
        tool, ("kind", JsonRead.Text(item, "kind")), ("target", JsonRead.Text(item, "target")), ("from", JsonRead.Text(item, "from")));

    static PlannedCall Finding(JsonElement item, string status, string? suggestion) => PlannedCall.Of(
        "record_finding", ("reference", JsonRead.Text(item, "target")), ("page", JsonRead.Text(item, "from")),
        ("status", status), ("suggestion", suggestion));

    static Move Answer(Conversation c, bool complete, string reasoning)
    {
        var totals = c.Newest("record_finding") ?? default;
        string[] names = ["findings", "ok", "broken", "external", "unknown"];
        var values = names.Select(n => (n, (object)(JsonRead.Number(totals, n) ?? 0))).ToList();
        var summary = $"{values[0].Item2} findings: {string.Join(", ", values.Skip(1).Select(v => $"{v.Item2} {v.n}"))}."
            + (complete ? "" : " The audit is not finished.");
        return Move.Answer(reasoning, c.AnswerSchema is { } schema
            ? AnswerWriter.Json(schema, new Facts(summary, complete, [.. values, ("total", values[0].Item2)]))
            : summary);
    }
}
