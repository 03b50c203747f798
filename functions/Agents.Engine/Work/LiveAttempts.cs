namespace Agents.Engine.Work;

/// <summary>
/// AtMostOnce attempts that have not ended in this process. The owner of a run may change inside one process (a fault,
/// a lost fence), and the attempt of the earlier one is then anything but gone.
/// </summary>
internal sealed class LiveAttempts
{
    readonly Lock _gate = new();
    readonly Dictionary<string, int> _byKey = [];

    public IDisposable Enter(string key)
    {
        lock (_gate)
        {
            _byKey[key] = _byKey.GetValueOrDefault(key) + 1;
        }

        return new Attempt(this, key);
    }

    public bool Any(string key)
    {
        lock (_gate)
        {
            return _byKey.ContainsKey(key);
        }
    }

    sealed class Attempt(LiveAttempts all, string key) : IDisposable
    {
        public void Dispose()
        {
            lock (all._gate)
            {
                if (--all._byKey[key] == 0)
                {
                    all._byKey.Remove(key);
                }
            }
        }
    }
}
