using Agents.TestKit.Cluster;
using Agents.TestKit.Postgres;
using Xunit;

namespace Agents.EndToEnd.Faults;

/// <summary>
/// What happens to a store over the years while runs are in flight: its disk fills up, it is restored from a backup, a newer
/// build takes it over. Nodes are Orleans members, as agents serve starts them.
/// </summary>
public sealed class StoreLifeTests : IAsyncLifetime
{
    const int Runs = 20, Steps = 80, OldRuns = 4, OldSteps = 30;
    const string Schema = "cluster", OldSchema = "first";

    readonly string _world = Directory.CreateTempSubdirectory("agents-world-").FullName;
    readonly List<ClusterProcess> _nodes = [];
    PostgresServer? _server;
    SmallDisk? _disk;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        _server?.Dispose();
        _disk?.Dispose();
        Directory.Delete(_world, recursive: true);
    }

    [Fact]
    public async Task A_full_disk_stops_the_runs_and_loses_nothing()
    {
        _disk = SmallDisk.Mount(160, out var why);
        Assert.SkipWhen(_disk is null, why);
        Begin(_disk!.Folder);
        var (asked, other) = (await JoinAsync(_server!.Url), await JoinAsync(_server.Url));
        StartRuns(asked, Runs, Steps);
        await asked.NextAsync(s => s.What == "step" && s.Word(1) == "5");
        _disk.Fill();
        await Task.WhenAny(NoRoomAsync(asked), NoRoomAsync(other)).Unwrap();
        _disk.MakeRoom();
        if (!_server.Runs)
        {
            _server.Begin();   // without room for its log it ends, and somebody starts it again
        }

        await AllEndedAsync(asked, Runs);
        var happened = new FenceableWorld(_world).Happened;
        Assert.Equal(Runs * Steps, happened.Count);
        Assert.All(happened, effect => Assert.Single(effect));
    }

    [Fact]
    public async Task A_backup_taken_while_runs_go_on_gives_them_all_back()
    {
        Begin();
        var node = await JoinAsync(_server!.Url);
        StartRuns(node, Runs, Steps);
        await node.NextAsync(s => s.What == "step" && s.Word(1) == "9");
        var file = Path.Combine(Path.GetDirectoryName(_server.Socket)!, "backup");
        _server.Ask("pg_dump", "-Fc", "-n", Schema, "-f", file, "postgres");
        node.Kill();
        _server.Ask("createdb", "restored");
        _server.Ask("pg_restore", "-d", "restored", file);

        // What was done after the moment of the backup is not known to it: the world is another.
        var restored = await JoinAsync(_server.UrlOf("restored"), world: Directory.CreateDirectory(Path.Combine(_world, "restored")).FullName);
        await AllEndedAsync(restored, Runs);
    }

    /// <summary>The file was written by schema version 1, its node killed in the middle of four runs.</summary>
    [Fact]
    public async Task A_store_of_the_first_schema_is_brought_forward_and_its_runs_end()
    {
        Begin();
        _server!.Ask("psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-f", Reachable(Fixture));
        var node = await JoinAsync(_server.Url, OldSchema);
        await AllEndedAsync(node, OldRuns);
        Assert.Equal("7", _server.Ask("psql", "-At", "-d", "postgres", "-c", $"select max(number) from {OldSchema}.schema_version").Trim());
    }

    /// <summary>Makes the file that the test above reads; to be run by name.</summary>
    [Fact(Explicit = true)]
    public async Task Write_a_store_of_the_first_schema()
    {
        Begin();
        var node = await JoinAsync(_server!.Url, OldSchema);
        StartRuns(node, OldRuns, OldSteps);
        await node.NextAsync(s => s.What == "step" && s.Word(1) == "9");
        node.Kill();
        await node.Exited;
        _server.Ask("psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-c", $"""
            drop function {OldSchema}.fence; drop index {OldSchema}.details_ended;
            drop table {OldSchema}.members, {OldSchema}.membership, {OldSchema}.nodes, {OldSchema}.settings, {OldSchema}.queues, {OldSchema}.places;
            delete from {OldSchema}.schema_version where number > 1
            """);
        var text = _server.Ask("pg_dump", "--inserts", "--rows-per-insert=100", "-O", "-n", OldSchema, "postgres");
        var sql = text.Split('\n').Where(line => !line.StartsWith('\\'));   // psql's own words, which older ones do not know
        await File.WriteAllTextAsync(Fixture, string.Join('\n', sql), TestContext.Current.CancellationToken);
    }

    static string Fixture => Path.Combine(AppContext.BaseDirectory, "Faults", "store-version-1.sql");

    /// <summary>The server's programs may run as another user, who cannot see our folders.</summary>
    string Reachable(string file)
    {
        var copy = Path.Combine(Path.GetDirectoryName(_server!.Socket)!, "fixture.sql");
        File.Copy(file, copy);
        return copy;
    }

    void Begin(string? below = null)
    {
        _server = PostgresServer.Start(out var reason, below);
        Assert.SkipWhen(_server is null, reason);
    }

    async Task<ClusterProcess> JoinAsync(string url, string schema = Schema, string? world = null)
    {
        var node = await ClusterProcess.StartAsync(Programs.CrashHost, url, schema, world ?? _world);
        _nodes.Add(node);
        return node;
    }

    static void StartRuns(ClusterProcess at, int runs, int steps)
    {
        for (var i = 0; i < runs; i++)
        {
            at.Tell($"start run{i} walk {steps}");
        }
    }

    static Task<ClusterProcess.Said> NoRoomAsync(ClusterProcess node) =>
        node.NextAsync(s => s.What == "log" && s.Of.Contains("AG1102", StringComparison.Ordinal));

    static async Task AllEndedAsync(ClusterProcess asked, int runs)
    {
        for (var i = 0; i < runs; i++)
        {
            var id = $"run{i}";
            asked.Tell($"wait {id}");
            var end = await asked.NextAsync(s => s.What == "ended" && s.Word(0) == id);
            Assert.Equal($"{id} Completed 0 -", end.Of);
        }

        asked.Tell("verify");
        Assert.Equal("-", (await asked.NextAsync(s => s.What == "verified")).Of);
    }
}
