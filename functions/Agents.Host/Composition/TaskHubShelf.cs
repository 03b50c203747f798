using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Agents.Contracts.Work;
using Agents.Engine;
using Agents.Engine.Grpc;
using Agents.Engine.Grpc.Hubs;

namespace Agents.Host.Composition;

/// <summary>
/// Task hubs of an endpoint: the default one is the node's own store, every other has a place and a store of its own, made
/// on first use. Their names differ not by case.
/// </summary>
sealed partial class TaskHubShelf(
    IHubPlaces places, TaskHub main, DurableTaskOptions options, EngineEnvironment environment) : ITaskHubs, IAsyncDisposable
{
    /// <summary>Bytes that hot instances of one hub may hold; there may be many hubs.</summary>
    const long HotBytesMax = 128L * 1024 * 1024;

    readonly SemaphoreSlim _gate = new(1);
    readonly ConcurrentDictionary<string, OpenHub> _open = new();

    public IReadOnlyCollection<TaskHub> Open => [main, .. _open.Values.Select(h => h.Hub)];

    public async ValueTask<TaskHub> GetAsync(string? name, CancellationToken cancel)
    {
        if (IsMain(name))
        {
            return main;
        }

        var hub = Checked(name!);
        return _open.TryGetValue(hub, out var open) ? open.Hub
            : await AloneAsync(async () => (_open.GetValueOrDefault(hub) ?? await OpenAsync(hub)).Hub, cancel);
    }

    public Task<bool> CreateAsync(string? name, bool anew, CancellationToken cancel)
    {
        if (IsMain(name))
        {
            return anew ? throw NotMain("emptied") : Task.FromResult(false);
        }

        var hub = Checked(name!);
        return AloneAsync(
            async () =>
            {
                var exists = await places.ExistsAsync(hub, cancel);
                if (exists && anew)
                {
                    await RemoveAsync(hub);
                }

                if (!_open.ContainsKey(hub))
                {
                    await OpenAsync(hub);
                }

                return !exists || anew;
            },
            cancel);
    }

    public Task<bool> DeleteAsync(string? name, CancellationToken cancel)
    {
        if (IsMain(name))
        {
            throw NotMain("deleted");
        }

        var hub = Checked(name!);
        return AloneAsync(
            async () =>
            {
                var exists = await places.ExistsAsync(hub, cancel);
                await RemoveAsync(hub);
                return exists;
            },
            cancel);
    }

    async Task<OpenHub> OpenAsync(string name)
    {
        if (_open.Count >= options.TaskHubsMax && !await CloseUnusedAsync())
        {
            throw new TaskHubException(
                $"{options.TaskHubsMax} task hubs are in use, the most this service holds open; end the workers or calls of one, or use another.");
        }

        var opened = await places.OpenAsync(name, CancellationToken.None);
        var hub = new TaskHub(name, static (_, _) => false, options, environment);
        var node = new EngineNode(
            opened.Store, NoCode.Here, NoCode.Here, Node.ForWorkers(opened.Options(execute: true)) with { HotBytesMax = HotBytesMax },
            environment, opened.Membership, hub.Remote);
        hub.Join(node);
        var open = new OpenHub(hub, node, opened);
        try
        {
            await node.StartAsync(CancellationToken.None);
        }
        catch
        {
            await open.DisposeAsync();
            throw;
        }

        _open[name] = open;
        _ = CloseWhenDeadAsync(name, open);
        return open;
    }

    /// <summary>
    /// Makes room: of the hubs with neither worker nor call, which can do nothing now, the one unused for longest is closed.
    /// </summary>
    async Task<bool> CloseUnusedAsync()
    {
        foreach (var (name, open) in _open.OrderBy(h => h.Value.Hub.LastUsed))
        {
            if (open.Hub.TryShutUnused() && _open.TryRemove(KeyValuePair.Create(name, open)))
            {
                await open.DisposeAsync();
                return true;
            }
        }

        return false;
    }

    /// <summary>The hub's other nodes went on without this one, or it was deleted elsewhere: whoever asks next opens it anew.</summary>
    async Task CloseWhenDeadAsync(string name, OpenHub open)
    {
        await open.Node.DeclaredDead;
        if (_open.TryRemove(KeyValuePair.Create(name, open)))
        {
            await open.DisposeAsync();
        }
    }

    async Task RemoveAsync(string name)
    {
        if (_open.TryRemove(name, out var open))
        {
            await open.DisposeAsync();
        }

        await places.RemoveAsync(name, CancellationToken.None);
    }

    async Task<T> AloneAsync<T>(Func<Task<T>> act, CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel);
        try
        {
            return await act();
        }
        finally
        {
            _gate.Release();
        }
    }

    static bool IsMain(string? name) => name is null || string.Equals(name, TaskHub.DefaultName, StringComparison.OrdinalIgnoreCase);

    static TaskHubException NotMain(string what) =>
        new($"The task hub '{TaskHub.DefaultName}' is the store itself and is not {what} this way; purge its instances.");

    static string Checked(string name) => Name().IsMatch(name)
        ? name.ToLowerInvariant()
        : throw new ArgumentException("taskhub: 1 to 64 letters, digits, '-' and '_', a letter or digit first", nameof(name));

    public async ValueTask DisposeAsync()
    {
        // Together: each may take its time to give up what it has.
        await Task.WhenAll(_open.Values.Select(open => open.DisposeAsync().AsTask()));
        _open.Clear();
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_-]{0,63}\z")]
    private static partial Regex Name();

    sealed record OpenHub(TaskHub Hub, EngineNode Node, OpenedStore Store) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            Hub.Close();
            await Node.StopAsync(TimeSpan.FromSeconds(5));
            await Store.DisposeAsync();
        }
    }

    /// <summary>A hub whose code is all with connected workers.</summary>
    sealed class NoCode : IOrchestratorHost, IActivityHost
    {
        public static readonly NoCode Here = new();

        public OrchestratorMatch Match(string name, string? version) => OrchestratorMatch.UnknownName;

        public IOrchestratorSession Open(OrchestratorIdentity identity) =>
            throw new InvalidOperationException($"'{identity.InstanceId}' has no code in this process");

        public bool CanRun(string name, string? version) => false;

        public Task<ActivityOutcome> RunAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel) =>
            throw new InvalidOperationException($"'{item.Name}' has no code in this process");
    }
}
