namespace Agents.Engine.Work;

/// <summary>Whose an activity is: tenants share a node evenly, and inside a tenant its runs do; a higher priority goes first there.</summary>
internal readonly record struct Share(string Tenant, string Run, int Priority)
{
    /// <summary>Tags of a run that say so.</summary>
    public const string TenantTag = "tenant", PriorityTag = "priority";

    public static Share Of(string run, IReadOnlyDictionary<string, string>? tags) => new(
        tags?.GetValueOrDefault(TenantTag) ?? "",
        run,
        int.TryParse(tags?.GetValueOrDefault(PriorityTag), System.Globalization.CultureInfo.InvariantCulture, out var priority) ? priority : 0);
}

/// <summary>
/// What waits, and who comes next. Tenants take turns; a tenant's turn goes to the highest priority it has waiting, there
/// to its runs in turn, and of a run to what came first. So between two turns of a tenant that has something waiting every
/// other tenant has one turn at most, however much it has waiting: the same for runs of one tenant and priority. A lower
/// priority of the same tenant waits as long as there is a higher one.
/// </summary>
internal sealed class FairLine<T>
{
    readonly Rotation<string, Tenant> _tenants = new();

    public int Count { get; private set; }

    public void Add(Share share, T item)
    {
        _tenants.Get(share.Tenant).Add(share, item);
        Count++;
    }

    public bool TryTake(out T item)
    {
        if (Count == 0)
        {
            item = default!;
            return false;
        }

        Count--;
        item = _tenants.Next(static tenant => tenant.Take(), static tenant => tenant.IsEmpty);
        return true;
    }

    sealed class Tenant
    {
        readonly SortedDictionary<int, Rotation<string, Queue<T>>> _byPriority = [];

        public bool IsEmpty => _byPriority.Count == 0;

        public void Add(Share share, T item)
        {
            if (!_byPriority.TryGetValue(-share.Priority, out var runs))
            {
                _byPriority.Add(-share.Priority, runs = new Rotation<string, Queue<T>>());
            }

            runs.Get(share.Run).Enqueue(item);
        }

        public T Take()
        {
            var (priority, runs) = _byPriority.First();
            var item = runs.Next(static run => run.Dequeue(), static run => run.Count == 0);
            if (runs.IsEmpty)
            {
                _byPriority.Remove(priority);
            }

            return item;
        }
    }

    /// <summary>Members in the order of their turns; one that is empty leaves, one that comes back stands at the end.</summary>
    sealed class Rotation<TKey, TMember> where TKey : notnull where TMember : new()
    {
        readonly Queue<TKey> _order = new();
        readonly Dictionary<TKey, TMember> _members = [];

        public bool IsEmpty => _members.Count == 0;

        public TMember Get(TKey key)
        {
            if (!_members.TryGetValue(key, out var member))
            {
                _members.Add(key, member = new TMember());
                _order.Enqueue(key);
            }

            return member;
        }

        public T Next(Func<TMember, T> take, Func<TMember, bool> isEmpty)
        {
            var key = _order.Dequeue();
            var member = _members[key];
            var item = take(member);
            if (isEmpty(member))
            {
                _members.Remove(key);
            }
            else
            {
                _order.Enqueue(key);
            }

            return item;
        }
    }
}
