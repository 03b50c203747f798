using Agents.Contracts.History;
using Agents.Engine.Instances;
using Agents.Engine.Store;
using Agents.Engine.Work;

namespace Agents.Engine.Queues;

/// <summary>
/// The places that tasks of one hot instance hold or wait for. A place is asked for behind the commit of its task, and
/// before the intent of its effect: time in a queue counts against no start deadline. Touched only by the instance's actor.
/// </summary>
internal sealed class Places(NodeServices node, InstanceActor actor, HotInstance hot)
{
    readonly Dictionary<int, Place> _places = [];

    public bool AnyWaits => _places.Count > 0 && _places.Values.Any(p => p is { Asked: true, Holds: false });

    /// <summary>Whether the task may begin. If not, it is in line from now on and mail comes when it may.</summary>
    public bool MayBegin(TaskScheduled task)
    {
        if (Of(task) is not { } place || place.Holds)
        {
            return true;
        }

        if (!place.Asked)
        {
            place.Asked = true;
            Ask(task.EventId, place.Queue);
        }

        return false;
    }

    /// <summary>Whether the task of this very turn may begin without a place; it is asked for when the turn is committed.</summary>
    public bool NeedsNone(TaskScheduled task) => Of(task) is null;

    /// <summary>Nobody may be in line for it any more: then it goes back.</summary>
    public void Granted(int task)
    {
        if (_places.TryGetValue(task, out var place) && place.Asked)
        {
            place.Holds = true;
        }
        else
        {
            node.Queues.GiveBack(Key(task), place?.Queue.Name ?? QueueName.Default.Name);
        }
    }

    /// <summary>The attempt has ended, however it did.</summary>
    public void GiveBack(int task)
    {
        if (_places.Remove(task, out var place) && place.Asked)
        {
            node.Queues.GiveBack(Key(task), place.Queue.Name);
        }
    }

    /// <summary>What is closed leaves, and so does what may not begin now; a run that goes on asks again.</summary>
    public void Settle()
    {
        if (_places.Count == 0)
        {
            return;
        }

        var rests = hot.State.Suspended || hot.Draining;
        foreach (var task in _places.Keys.ToList())
        {
            var begun = hot.InFlight.ContainsKey(task) || hot.Offered.Contains(task);
            if (!begun && (rests || !hot.State.Tasks.ContainsKey(task)))
            {
                GiveBack(task);
            }
        }
    }

    /// <summary>Those whose outcome has come: the turn that takes it in may be out for long.</summary>
    public void GiveBackEnded(Func<int, bool> ended)
    {
        foreach (var task in _places.Keys.Where(ended).ToList())
        {
            GiveBack(task);
        }
    }

    public void GiveAllBack()
    {
        foreach (var task in _places.Keys.ToList())
        {
            GiveBack(task);
        }
    }

    PlaceKey Key(int task) => new(hot.Record.Key, hot.Record.OwnerEpoch, task);

    /// <summary>Found out once for each task: a bound that comes or goes meanwhile is for the next.</summary>
    Place? Of(TaskScheduled task)
    {
        if (_places.TryGetValue(task.EventId, out var known))
        {
            return known;
        }

        if (node.Queues.QueueOf(task.Tags) is not { } queue)
        {
            return null;
        }

        return _places[task.EventId] = new Place(queue);
    }

    void Ask(int task, QueueName queue)
    {
        var share = hot.Share;
        node.Queues.Ask(
            new QueueAsk
            {
                Place = Key(task),
                Queue = queue.Name,
                Key = queue.Key ?? share.Tenant,
                Tenant = share.Tenant,
                Priority = share.Priority,
                InstanceId = hot.Record.InstanceId,
                Node = node.Options.NodeId,
            },
            () => actor.Post(new Mail.Placed(task)));
    }

    sealed class Place(QueueName queue)
    {
        public QueueName Queue { get; } = queue;

        public bool Asked { get; set; }

        public bool Holds { get; set; }
    }
}
