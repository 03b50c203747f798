using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Agents.Tools.Durable;
using Agents.Tools.Files;

namespace Agents.Tools.Worklist;

/// <summary>How an addition is counted in its answer (null: with its duplicates), and which item in hand it finishes.</summary>
sealed record WorklistAddition(string? Counted = null, WorkSubject? Finishes = null);

/// <summary>The worklists of all runs: one append-only file each. A repeated key is answered as the first time.</summary>
sealed class Worklists(BuiltInContext context)
{
    readonly StateFiles<WorklistState> _files = new(() => new WorklistState(), WorklistState.Fold);

    /// <summary>Beginning of the names of the tools that use worklists.</summary>
    const string Tools = "worklist_";

    public Task<string> AddAsync(
        ToolInvocation call, IReadOnlyList<string> items, WorklistAddition addition, CancellationToken cancel) =>
        UseAsync(call, list => list.State.AnswerTo(call.Key) ?? Add(list, call.Key, items, addition), cancel);

    public Task<string> NextAsync(ToolInvocation call, CancellationToken cancel) =>
        UseAsync(call, list => list.State.AnswerTo(call.Key) ?? Next(list, call.Key), cancel);

    /// <summary>
    /// Why the run may not work on this now, or null: what its worklist holds is worked on in the order it is taken, each
    /// once. In words that name what is in hand.
    /// </summary>
    public Task<string?> RefusalAsync(ToolInvocation call, WorkSubject subject, CancellationToken cancel) =>
        UseAsync(call, list => list.State.Refusal(subject, call.Key), cancel);

    /// <summary>Notes that the item in hand is done, where it is one.</summary>
    public Task FinishAsync(ToolInvocation call, WorkSubject subject, CancellationToken cancel) => UseAsync(
        call,
        list =>
        {
            if (list.State.IsInHand(subject))
            {
                list.Append(WorklistState.FinishLine(call.Key, subject));
            }

            return true;
        },
        cancel);

    static string Add(StateFile<WorklistState>.Session list, string key, IReadOnlyList<string> items, WorklistAddition addition)
    {
        var fresh = items.Where(i => !list.State.Knows(i)).Distinct(StringComparer.Ordinal).ToArray();
        if (list.State.Added + fresh.Length > WorklistState.ItemsMax)
        {
            throw new ToolRefusedException($"the worklist holds {list.State.Added} items; {WorklistState.ItemsMax} is the most");
        }

        var answer = Json.Object(w =>
        {
            if (addition.Counted is { } counted)
            {
                w.WriteNumber(counted, items.Count);
            }

            w.WriteNumber("added", fresh.Length);
            if (addition.Counted is null)
            {
                w.WriteNumber("duplicates", items.Count - fresh.Length);
            }

            w.WriteNumber("pending", list.State.Pending + fresh.Length);
        });
        list.Append(WorklistState.AddLine(key, fresh, answer, addition.Finishes));
        return answer;
    }

    static string Next(StateFile<WorklistState>.Session list, string key)
    {
        var took = list.State.Pending > 0;
        var answer = took ? Item(list.State) : Done(list.State);
        list.Append(WorklistState.NextLine(key, took, answer));
        return answer;
    }

    static string Item(WorklistState state) => Json.Object(w =>
    {
        w.WriteBoolean("done", false);
        w.WritePropertyName("item");
        w.WriteRawValue(state.Next);
        w.WriteNumber("taken", state.Taken + 1);
        w.WriteNumber("pending", state.Pending - 1);
    });

    static string Done(WorklistState state) => Json.Object(w =>
    {
        w.WriteBoolean("done", true);
        w.WriteNumber("taken", state.Taken);
        w.WriteNumber("added", state.Added);
        w.WriteStartObject("byKind");
        foreach (var (kind, count) in state.ByKind())
        {
            w.WriteNumber(kind, count);
        }

        w.WriteEndObject();
    });

    Task<T> UseAsync<T>(ToolInvocation call, Func<StateFile<WorklistState>.Session, T> use, CancellationToken cancel) =>
        _files.UseAsync(
            PathOf(call.RunId), context.Environment,
            async list =>
            {
                if (call.Inherited is { } inherited && list.State.IsFresh)
                {
                    await InheritAsync(list, await inherited(Tools, cancel), call, cancel);
                }

                return use(list);
            },
            cancel);

    /// <summary>
    /// The list as it stood where the fork was cut, derived from what the shared history was answered: the other run's own
    /// list has gone on since. What its calls put there from the folder is looked up in the folder again.
    /// </summary>
    async Task InheritAsync(
        StateFile<WorklistState>.Session list, IReadOnlyList<PastCall> calls, ToolInvocation by, CancellationToken cancel)
    {
        var taken = new SortedDictionary<int, string>();
        var added = new List<string>();
        foreach (var call in calls)
        {
            using var arguments = JsonDocument.Parse(string.IsNullOrWhiteSpace(call.Arguments) ? "{}" : call.Arguments);
            using var answer = JsonDocument.Parse(call.Answer);
            if (arguments.RootElement.TryGetProperty("items", out var items))
            {
                added.AddRange(items.EnumerateArray().Select(WorklistState.Canonical));
            }
            else if (call.Tool == "worklist_files")
            {
                added.AddRange(await WorklistFilesTool.ItemsAsync(context, by.Settings, arguments.RootElement, cancel));
            }
            else if (call.Tool == "worklist_references")
            {
                added.AddRange(StillThere(by, arguments.RootElement));
            }
            else if (answer.RootElement.TryGetProperty("item", out var item))
            {
                taken[answer.RootElement.GetProperty("taken").GetInt32()] = item.GetRawText();
            }
        }

        list.Append(WorklistState.InheritLine(taken.Values, added.Distinct(StringComparer.Ordinal).Except(taken.Values)));
    }

    static IReadOnlyList<string> StillThere(ToolInvocation by, JsonElement arguments)
    {
        try
        {
            return WorklistReferencesTool.Items(by.Settings, arguments);
        }
        catch (ToolRefusedException)
        {
            return []; // the page is gone since
        }
    }

    string PathOf(string runId) =>
        Path.Combine(context.Environment.DataDirectory, "runs", FolderName(runId), "worklist.jsonl");

    // Run ids may hold any printable character; those that are no plain file name are named by their hash.
    static string FolderName(string runId) =>
        runId.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') && runId.Length <= 100
            ? runId
            : "x-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(runId)))[..32];
}
