using System.Globalization;
using Agents.Bench.Results;
using Agents.Engine.Postgres;
using Agents.Engine.Store;
using Agents.TestKit.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Agents.Bench.Stores;

/// <summary>A private server on this machine, with its defaults but for a small shared_buffers; its processes are read from /proc.</summary>
sealed class PostgresBench : BenchStore
{
    // The kernel counts CPU time for /proc in hundredths of a second on every Linux we run on.
    const double TicksPerSecond = 100;
    const string SizeSql =
        "select coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        + "where n.nspname = 'agents' and c.relkind = 'r'";

    readonly PostgresServer _server = PostgresServer.Start(out var reason) ?? throw new UsageException(reason);
    readonly PgBouncer? _pooler;
    readonly int _bytes;
    OwnStatementFloor? _own;
    long _empty;

    public PostgresBench(BenchOptions options)
    {
        _bytes = options.Bytes;
        _pooler = options.Pooler ? PgBouncer.Start(_server, out var reason) ?? throw new UsageException(reason) : null;
        Floor = new PostgresFloor(_server.Url, _bytes);
    }

    /// <summary>Where the store connects; the floors go to the server itself.</summary>
    public string Url => _pooler?.Url ?? _server.Url;

    public override IFloor Floor { get; }

    public override int Callers => PostgresOptions.CallersMax;

    public override async Task<IEngineStore> OpenAsync()
    {
        var store = await PostgresStore.OpenAsync(
            new PostgresOptions { Url = Url }, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
        _empty = Scalar(SizeSql);
        var bare = await PostgresStore.OpenAsync(
            new PostgresOptions { Url = _server.Url, Schema = OwnStatementFloor.SchemaOf }, TimeProvider.System, NullLogger.Instance,
            CancellationToken.None);
        await bare.DisposeAsync();
        _own = new OwnStatementFloor(_server.Url, _bytes);
        return store;
    }

    public override ResultLine Settings()
    {
        var line = new ResultLine("settings");
        foreach (var name in (string[])["server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers"])
        {
            line.Set(name, Text($"show {name}"));
        }

        return _pooler is null ? line : line.Set("pooler", "PgBouncer, transaction mode");
    }

    public override long Growth()
    {
        Text("vacuum");
        Text("checkpoint");
        return Scalar(SizeSql) - _empty;
    }

    public override double? OwnStatementPerSecond(int loops, int turnsEach) => _own!.PerSecond(loops, turnsEach);

    public override double ServerCpuSeconds() => _server.Processes()
        .Sum(process => (process.Own + process.Ended) / TicksPerSecond) + (_pooler?.CpuSeconds ?? 0);

    public override ValueTask DisposeAsync()
    {
        Floor.Dispose();
        _own?.Dispose();
        NpgsqlConnection.ClearAllPools();
        _pooler?.Dispose();
        _server.Dispose();
        return ValueTask.CompletedTask;
    }

    long Scalar(string sql) => long.Parse(Text(sql), CultureInfo.InvariantCulture);

    string Text(string sql)
    {
        using var connection = new NpgsqlConnection($"{_server.Url};Pooling=false");
        connection.Open();
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 300 };
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture) ?? "";
    }
}
