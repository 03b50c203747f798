using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Agents.ModelServer.Scripted;

/// <summary>
/// The reference audit: pages and references share one worklist. A page is read and its references join the list; a
/// reference is checked, searched for when it is broken, and gets exactly one finding. Pages that a check reaches join
/// too, so the audit follows the documents to their end.
/// </summary>
static class ReferenceAudit
{
    const long ChunkBytes = 16_000;
    const int ItemsPerCallMax = 500;
    const int DetailCharsMax = 1000;

    static readonly PlannedCall s_next = PlannedCall.Of("worklist_next");

    public static Move Next(Conversation c)
    {
        if (ScriptedPolicy.AskedToStop(c))
        {
            return Answer(c, complete: false, "I was asked to stop, so I answer with the totals so far.");
        }

        if (c.Last("list_files") is { } listing)
        {
            return Listing.Collect(c, listing, f => MarkdownReferences.IsPage(f) ? new WorklistItem("page", f) : null, "audit");
        }

        if (c.Last("read_file") is { } read)
        {
            return Extract(read);
        }

        if (c.Last("check_reference") is { } check)
        {
            return Judge(check);
        }

        if (c.Last("search_files") is { } search)
        {
            return Suggest(c, search);
        }

        if (c.Last("worklist_next") is { } taken)
        {
            return Take(c, taken);
        }

        return c.LastStep.Count == 0
            ? Listing.Begin(c, "I need the documents first. I list the files and put the pages on the worklist.")
            : Move.Use("I take the next item from the worklist.", s_next);
    }

    static Move Take(Conversation c, AnsweredCall taken)
    {
        if (taken.Object is not { } result)
        {
            return Answer(c, complete: false, $"The worklist gave no item but '{Short(taken.Result)}'. I answer with the totals so far.");
        }

        if (JsonRead.Member(result, "item") is { } item)
        {
            return Begin(item, JsonRead.Number(result, "pending"));
        }

        return JsonRead.IsTrue(result, "done")
            ? Answer(c, complete: true, "The worklist is empty: every reference has its finding. I answer with the totals.")
            : Move.Use("The worklist gave nothing I know. I ask again.", s_next);
    }

    static Move Begin(JsonElement item, long? pending)
    {
        var left = pending is { } n ? $" {n} items are waiting." : "";
        if (JsonRead.Text(item, "kind") == "page" && JsonRead.Text(item, "path") is { } path)
        {
            return Move.Use($"Next is the page {path}; I read it for its references.{left}", Read(path, 0));
        }

        if (JsonRead.Text(item, "kind") is { } kind && JsonRead.Text(item, "target") is { } target)
        {
            var from = JsonRead.Text(item, "from") ?? "";
            return Move.Use($"Next is the {kind} \"{target}\" on {from}. I check whether it holds.{left}",
                PlannedCall.Of("check_reference", ("kind", kind), ("target", target), ("from", from)));
        }

        return Move.Use("This item is neither a page nor a reference. I take the next one.", s_next);
    }

    static Move Extract(AnsweredCall read)
    {
        var page = read.Argument("path");
        if (read.Object is not { } result)
        {
            return Move.Use($"The page {page} cannot be read. That is a finding of its own.",
                Finding(page, page, "unknown", Short(read.Result), null), s_next);
        }

        var text = JsonRead.Text(result, "text") ?? "";
        var last = JsonRead.IsTrue(result, "eof");
        var kept = last ? text.Length : MarkdownReferences.CutAt(text);
        var references = MarkdownReferences.Of(text[..kept], page);
        var calls = references.Chunk(ItemsPerCallMax).Select(r => PlannedCall.Of("worklist_add", ("items", r))).ToList();
        var offset = JsonRead.Number(result, "offset") ?? 0;
        calls.Add(last ? s_next : Read(page, kept == text.Length
            ? JsonRead.Number(result, "next") ?? offset + ChunkBytes
            : offset + Encoding.UTF8.GetByteCount(text.AsSpan(0, kept))));
        return Move.Use($"This part of {page} names {references.Count} references. "
            + (last ? "I put them on the worklist and take the next item." : "I put them on the worklist and read on."), calls);
    }

    static Move Judge(AnsweredCall check)
    {
        var (kind, target, from) = (check.Argument("kind"), check.Argument("target"), check.Argument("from"));
        var (status, detail) = Verdict(check);
        if (status == "broken")
        {
            var query = MarkdownReferences.SearchWord(kind, target);
            return Move.Use($"\"{target}\" on {from} is broken: {detail}. I search for \"{query}\" as a replacement.",
                PlannedCall.Of("search_files", ("query", query), ("max", 20L)));
        }

        var pages = check.Object is { } result ? JsonRead.Texts(result, "newPages") : [];
        var calls = new List<PlannedCall> { Finding(from, target, status, detail, null) };
        if (pages.Count > 0)
        {
            calls.Add(PlannedCall.Of("worklist_add", ("items", pages.Select(p => new WorklistItem("page", p)))));
        }

        calls.Add(s_next);
        var reached = pages.Count > 0 ? $" It leads to {string.Join(", ", pages)}, which joins the worklist." : "";
        return Move.Use($"\"{target}\" on {from} is {status}: {detail}.{reached} I record that and take the next item.", calls);
    }

    static Move Suggest(Conversation c, AnsweredCall search)
    {
        // What was checked stands in the call itself; its result may be hidden by now, the arguments never are.
        var check = c.Before("check_reference");
        if (check is null)
        {
            return Move.Use("I no longer see which reference this search was for. I take the next item.", s_next);
        }

        var (target, from) = (check.Argument("target"), check.Argument("from"));
        var (_, detail) = Verdict(check);
        var suggestion = search.Object is { } result ? MarkdownReferences.Replacement(result, check.Argument("kind"), search.Argument("query"), from) : null;
        return Move.Use(suggestion is null
                ? $"Nothing under the root could replace \"{target}\". I record it as broken and take the next item."
                : $"{suggestion} may be what \"{target}\" meant. I record it as broken with that suggestion and take the next item.",
            Finding(from, target, "broken", detail, suggestion), s_next);
    }

    static Move Answer(Conversation c, bool complete, string reasoning)
    {
        var findings = c.Newest("record_finding") ?? default;
        var byStatus = JsonRead.Member(findings, "byStatus") ?? default;
        var done = c.Last("worklist_next")?.Object ?? default;
        var byKind = JsonRead.Member(done, "byKind") ?? default;
        long Status(string name) => JsonRead.Number(byStatus, name) ?? 0;
        var total = JsonRead.Number(findings, "findings") ?? 0;
        var pages = JsonRead.Number(byKind, "page") ?? 0;
        var references = (JsonRead.Number(done, "added") ?? total + pages) - pages;
        var summary = string.Create(CultureInfo.InvariantCulture,
            $"{total} findings: {Status("ok")} ok, {Status("broken")} broken, {Status("external")} external, {Status("unknown")} unknown")
            + (complete ? string.Create(CultureInfo.InvariantCulture, $"; {references} references on {pages} pages.")
                : ". The audit is not finished.");
        var facts = new Facts(summary, complete,
            [
                ("broken", Status("broken")), ("ok", Status("ok")), ("external", Status("external")),
                ("unknown", Status("unknown")), ("findings", total), ("pages", pages), ("references", references),
                ("total", total),
            ]);
        return Move.Answer(reasoning, c.AnswerSchema is { } schema ? AnswerWriter.Json(schema, facts) : summary);
    }

    static (string Status, string Detail) Verdict(AnsweredCall check) => check.Object is { } result
        ? (JsonRead.Text(result, "status") ?? "unknown", Short(JsonRead.Text(result, "detail") ?? ""))
        : ("unknown", Short(check.Result));

    static PlannedCall Finding(string page, string reference, string status, string detail, string? suggestion) =>
        PlannedCall.Of("record_finding",
            ("page", page), ("reference", reference), ("status", status), ("detail", detail), ("suggestion", suggestion));

    static PlannedCall Read(string path, long offset) =>
        PlannedCall.Of("read_file", ("path", path), ("offset", offset), ("limit", ChunkBytes));

    static string Short(string? text) => Plain.Cut(text ?? "no result", DetailCharsMax);
}
