using System.Text.RegularExpressions;
using Agents.Contracts.Work;
using Agents.Engine;
using Agents.Engine.Grpc;
using Agents.Engine.Grpc.Hubs;
using Agents.Engine.Sqlite;

namespace Agents.Host.Composition;

/// <summary>
/// Task hubs of a data directory: the default one is the node's own store, every other has a folder and a store of its
/// own, made on first use.
/// </summary>
sealed partial class TaskHubShelf(
    string? dataDirectory, TaskHub main, DurableTaskOptions options, EngineEnvironment environment) : ITaskHubs, IAsyncDisposable
{
    const string Main = "default";

    readonly SemaphoreSlim _gate = new(1);
    readonly Dictionary<string, OpenHub> _open = [];

    public IReadOnlyCollection<TaskHub> Open => [main, .. Snapshot().Select(h => h.Hub)];

    public async ValueTask<TaskHub> GetAsync(string? name, CancellationToken cancel)
    {
        if (IsMain(name))
        {
            return main;
        }

        await _gate.WaitAsync(cancel);
        try
        {
            return (_open.GetValueOrDefault(Checked(name!)) ?? await OpenAsync(name!)).Hub;
        }
        finally
        {
            _gate.Release();
        }
    }

    public async Task<bool> CreateAsync(string? name, bool anew, CancellationToken cancel)
    {
        if (IsMain(name))
        {
            return anew
                ? throw new TaskHubException($"The task hub '{Main}' is the data directory itself and is not emptied this way; purge its instances.")
                : false;
        }

        await _gate.WaitAsync(cancel);
        try
        {
            var exists = Directory.Exists(Folder(name!));
            if (exists && anew)
            {
                await RemoveAsync(name!);
            }

            if (!_open.ContainsKey(name!))
            {
                await OpenAsync(name!);
            }

            return !exists || anew;
        }
        finally
        {
            _gate.Release();
        }
    }

    public async Task<bool> DeleteAsync(string? name, CancellationToken cancel)
    {
        if (IsMain(name))
        {
            throw new TaskHubException($"The task hub '{Main}' is the data directory itself and is not deleted this way; purge its instances.");
        }

        await _gate.WaitAsync(cancel);
        try
        {
            var exists = Directory.Exists(Folder(name!));
            await RemoveAsync(name!);
            return exists;
        }
        finally
        {
            _gate.Release();
        }
    }

    async Task<OpenHub> OpenAsync(string name)
    {
        if (_open.Count >= options.TaskHubsMax)
        {
            throw new TaskHubException($"{options.TaskHubsMax} task hubs are open, the most this service opens; delete one, or use another.");
        }

        var folder = Folder(name);
        Directory.CreateDirectory(folder);
        var store = SqliteStore.Open(folder, new SqliteOptions(), environment.Clock);
        var hub = new TaskHub(name, static (_, _) => false, options, environment);
        var node = new EngineNode(
            store, NoCode.Here, NoCode.Here,
            new EngineOptions { NodeId = $"{Environment.ProcessId}-{Guid.NewGuid():N}", PredecessorsProvenDead = true },
            environment, membership: null, hub.Remote);
        hub.Join(node);
        var open = new OpenHub(hub, node, store);
        _open[name] = open;
        await node.StartAsync(CancellationToken.None);
        return open;
    }

    async Task RemoveAsync(string name)
    {
        if (_open.Remove(name, out var open))
        {
            await open.DisposeAsync();
        }

        var folder = Folder(name);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    string Folder(string name) => dataDirectory is null
        ? throw new TaskHubException($"A shared store is one task hub, '{Main}'; leave 'taskhub' away, or give each hub a schema and nodes of its own.")
        : Path.Combine(dataDirectory, "hubs", Checked(name));

    static bool IsMain(string? name) => name is null || string.Equals(name, Main, StringComparison.OrdinalIgnoreCase);

    static string Checked(string name) => Name().IsMatch(name)
        ? name
        : throw new ArgumentException("taskhub: 1 to 64 letters, digits, '-' and '_', a letter or digit first", nameof(name));

    List<OpenHub> Snapshot()
    {
        _gate.Wait();
        try
        {
            return [.. _open.Values];
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var open in Snapshot())
        {
            await open.DisposeAsync();
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_-]{0,63}\z")]
    private static partial Regex Name();

    sealed record OpenHub(TaskHub Hub, EngineNode Node, SqliteStore Store) : IAsyncDisposable
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
