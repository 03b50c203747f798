using System.Text.Json;

namespace Agents.Tools.Durable;

/// <summary>The state files of one kind in this process, by path; those not in use are forgotten beyond a bound.</summary>
sealed class StateFiles<T>(Func<T> empty, Action<T, JsonElement> fold)
{
    const int IdleMax = 256;
    readonly Lock _lock = new();
    readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    public async Task<TResult> UseAsync<TResult>(
        string path, ToolEnvironment environment, Func<StateFile<T>.Session, Task<TResult>> use, CancellationToken cancel)
    {
        var entry = Enter(path);
        try
        {
            return await entry.File.UseAsync(environment, use, cancel);
        }
        finally
        {
            Leave(entry);
        }
    }

    Entry Enter(string path)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(path, out var entry))
            {
                _entries[path] = entry = new Entry(new StateFile<T>(path, empty, fold));
            }

            entry.Users++;
            return entry;
        }
    }

    void Leave(Entry entry)
    {
        lock (_lock)
        {
            entry.Users--;
            if (_entries.Count <= IdleMax)
            {
                return;
            }

            foreach (var idle in _entries.Where(e => e.Value.Users == 0).Select(e => e.Key).ToArray())
            {
                _entries.Remove(idle);
            }
        }
    }

    sealed class Entry(StateFile<T> file)
    {
        public StateFile<T> File { get; } = file;

        public int Users { get; set; }
    }
}
