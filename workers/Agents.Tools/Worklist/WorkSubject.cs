using System.Text.Json;

namespace Agents.Tools.Worklist;

/// <summary>What an item of a worklist is about, however it is spelled: a file, or a reference on a page.</summary>
readonly record struct WorkSubject(string Path, string Target, string From)
{
    public bool IsReference => Target.Length > 0;

    public static WorkSubject File(string path) => new(path, "", "");

    public static WorkSubject Reference(string target, string from) => new("", target, from);

    /// <summary>Of an item as it stands on the list; null for one that is about neither.</summary>
    public static WorkSubject? Of(JsonElement item) => item.Text("target") is { Length: > 0 } target
        ? Reference(target, item.Text("from") ?? "")
        : item.Text("path") is { Length: > 0 } path ? File(path) : null;
}
