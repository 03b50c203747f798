using System.Globalization;
using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Engine.History;
using Agents.Engine.Store;

namespace Agents.TestKit.Store;

internal sealed class SimulatedQueries(SimulatedStore store) : IQueryStore
{
    const int PageSizeMax = 1000;

    public async Task<InstanceRecord?> FindAsync(string instanceId, CancellationToken cancel)
    {
        await store.Options.Yield();
        return store.State.Find(instanceId)?.Head;
    }

    public async Task<InstanceView?> GetAsync(string instanceId, CancellationToken cancel)
    {
        await store.Options.Yield();
        return store.State.Find(instanceId) is { } found ? View(found, withPayloads: true) : null;
    }

    public async Task<InstancePage> QueryAsync(InstanceQuery query, CancellationToken cancel)
    {
        await store.Options.Yield();
        var after = query.ContinuationToken is { } token
            ? long.Parse(token, NumberStyles.None, CultureInfo.InvariantCulture)
            : (long?)null;
        var size = Math.Clamp(query.PageSize, 1, PageSizeMax);
        var found = store.State.Instances.Values
            .Where(i => !i.Hidden && Matches(i, query))
            .OrderByDescending(i => i.Head.CreatedAt)
            .ThenByDescending(i => i.Head.Key)
            .ToList();
        if (after is { } key)
        {
            found.RemoveRange(0, 1 + found.FindIndex(i => i.Head.Key == key));
        }

        var page = found.Take(size).Select(i => View(i, query.WithPayloads)).ToList();
        return new InstancePage(page, found.Count > size
            ? found[size - 1].Head.Key.ToString(CultureInfo.InvariantCulture)
            : null);
    }

    public async Task<IReadOnlyList<ExecutionRecord>> ListExecutionsAsync(long instanceKey, CancellationToken cancel)
    {
        await store.Options.Yield();
        return [.. store.State.Executions.Values.Where(e => e.Instance == instanceKey).Select(e => e.Record)
            .OrderBy(e => e.Generation).ThenBy(e => e.Key)];
    }

    public async Task<IReadOnlyList<string>> ListChildrenAsync(string instanceId, CancellationToken cancel)
    {
        await store.Options.Yield();
        return [.. store.State.Instances.Values
            .Where(i => i.Head.ParentInstanceId == instanceId && !i.Hidden).Select(i => i.Head.InstanceId)];
    }

    public async Task<IReadOnlyList<EndedInstance>> FindEndedAsync(
        OrchestrationStatus status, DateTimeOffset before, EndedInstance? after, int max, CancellationToken cancel)
    {
        await store.Options.Yield();
        var place = (after?.EndedAt ?? DateTimeOffset.MinValue, after?.Key ?? 0);
        return [.. store.State.Instances.Values
            .Where(i => !i.Hidden && i.Head.Status == status && i.CompletedAt <= before
                && (i.CompletedAt.Value, i.Head.Key).CompareTo(place) > 0
                && (i.Head.ParentInstanceId is not { } parent || store.State.Find(parent) is null))
            .OrderBy(i => i.CompletedAt).ThenBy(i => i.Head.Key).Take(max)
            .Select(i => new EndedInstance(i.Head.Key, i.Head.InstanceId, i.CompletedAt!.Value))];
    }

    static bool Matches(SimulatedInstance i, InstanceQuery query) =>
        (query.Statuses.Count == 0 || query.Statuses.Contains(i.Head.Status))
        && (query.CreatedFrom is null || i.Head.CreatedAt >= query.CreatedFrom)
        && (query.CreatedTo is null || i.Head.CreatedAt <= query.CreatedTo)
        && (query.Name is null || i.Head.Name == query.Name)
        && (query.IdPrefix is null || i.Head.InstanceId.StartsWith(query.IdPrefix, StringComparison.Ordinal))
        && (query.Tag is not { } tag || (i.Tags?.TryGetValue(tag.Key, out var value) == true && value == tag.Value))
        && (query.Parked is null || (i.Head.Parked is not null) == query.Parked);

    InstanceView View(SimulatedInstance i, bool withPayloads) => new()
    {
        InstanceId = i.Head.InstanceId,
        ExecutionId = i.Head.Execution.ExecutionId,
        Generation = i.Head.Execution.Generation,
        Name = i.Head.Name,
        Version = i.Head.Version,
        Status = i.Head.Status,
        CreatedAt = i.Head.CreatedAt,
        UpdatedAt = i.UpdatedAt,
        CompletedAt = i.CompletedAt,
        Input = withPayloads ? Input(i) : null,
        Output = withPayloads ? i.Output : null,
        CustomStatus = withPayloads ? i.Head.CustomStatus : null,
        Failure = withPayloads ? i.Failure : null,
        ParentInstanceId = i.Head.ParentInstanceId,
        Tags = i.Tags is { Count: > 0 } ? i.Tags : null,
        HistoryEvents = i.Head.NextSequence,
        Parked = i.Head.Parked,
        InDoubt = i.InDoubt,
    };

    string? Input(SimulatedInstance i)
    {
        IReadOnlyDictionary<string, PayloadRow> Fetch(IReadOnlyCollection<string> hashes) =>
            StoredHistory.Payloads(store.State, i.Head.LineageKey, hashes);
        var history = StoredHistory.Read(store.State, i.Head.Execution.Key, 0, 1);
        return history.Count > 0 ? StartedInput.OfRow(history[0].Bytes, Fetch)
            : i.Inbox.Values.FirstOrDefault(m => m.Kind == InboxKind.HistoryEvent) is { } first
                ? StartedInput.OfEvent(first.Body, Fetch)
                : null;
    }
}
