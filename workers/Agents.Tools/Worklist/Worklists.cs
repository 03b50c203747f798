using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Agents.Tools.Durable;

namespace Agents.Tools.Worklist;

/// <summary>The worklists of all runs: one append-only file each. A repeated key is answered as the first time.</summary>
sealed class Worklists(ToolEnvironment environment)
{
    readonly StateFiles<WorklistState> _files = new(() => new WorklistState(), WorklistState.Fold);

    /// <summary>Beginning of the names of the tools that use worklists.</summary>
    const string Tools = "worklist_";

    public Task<string> AddAsync(ToolInvocation call, IReadOnlyList<string> items, CancellationToken cancel) =>
        UseAsync(call, list => list.State.AnswerTo(call.Key) ?? Add(list, call.Key, items), cancel);

    public Task<string> NextAsync(ToolInvocation call, CancellationToken cancel) =>
        UseAsync(call, list => list.State.AnswerTo(call.Key) ?? Next(list, call.Key), cancel);

    static string Add(StateFile<WorklistState>.Session list, string key, IReadOnlyList<string> items)
    {
        var fresh = items.Where(i => !list.State.Knows(i)).Distinct(StringComparer.Ordinal).ToArray();
        if (list.State.Added + fresh.Length > WorklistState.ItemsMax)
        {
            throw new ToolRefusedException($"the worklist holds {list.State.Added} items; {WorklistState.ItemsMax} is the most");
        }

        var answer = Json.Object(w =>
        {
            w.WriteNumber("added", fresh.Length);
            w.WriteNumber("duplicates", items.Count - fresh.Length);
            w.WriteNumber("pending", list.State.Pending + fresh.Length);
        });
        list.Append(WorklistState.AddLine(key, fresh, answer));
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

    Task<string> UseAsync(ToolInvocation call, Func<StateFile<WorklistState>.Session, string> use, CancellationToken cancel) =>
        _files.UseAsync(
            PathOf(call.RunId), environment,
            async list =>
            {
                if (call.Inherited is { } inherited && list.State.IsFresh)
                {
                    Inherit(list, await inherited(Tools, cancel));
                }

                return use(list);
            },
            cancel);

    /// <summary>
    /// The list as it stood where the fork was cut, derived from what the shared history was answered: the other run's own
    /// list has gone on since.
    /// </summary>
    static void Inherit(StateFile<WorklistState>.Session list, IReadOnlyList<PastCall> calls)
    {
        var taken = new SortedDictionary<int, string>();
        var added = new List<string>();
        foreach (var call in calls)
        {
            using var arguments = JsonDocument.Parse(call.Arguments);
            using var answer = JsonDocument.Parse(call.Answer);
            if (arguments.RootElement.TryGetProperty("items", out var items))
            {
                added.AddRange(items.EnumerateArray().Select(WorklistState.Canonical));
            }
            else if (answer.RootElement.TryGetProperty("item", out var item))
            {
                taken[answer.RootElement.GetProperty("taken").GetInt32()] = item.GetRawText();
            }
        }

        list.Append(WorklistState.InheritLine(taken.Values, added.Distinct(StringComparer.Ordinal).Except(taken.Values)));
    }

    string PathOf(string runId) =>
        Path.Combine(environment.DataDirectory, "runs", FolderName(runId), "worklist.jsonl");

    // Run ids may hold any printable character; those that are no plain file name are named by their hash.
    static string FolderName(string runId) =>
        runId.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') && runId.Length <= 100
            ? runId
            : "x-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(runId)))[..32];
}
