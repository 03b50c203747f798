using Agents.Engine.Postgres;
using Agents.Engine.Store;
using Agents.StoreContract;
using Agents.TestKit.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(SharedServer))]

namespace Agents.StoreContract;

/// <summary>One server for all tests of this assembly, started by the first that needs it and stopped after the last.</summary>
public sealed class SharedServer : IDisposable
{
    static readonly Lazy<(PostgresServer? Server, string Reason)> s_server = new(
        () => (PostgresServer.Start(out var reason), reason));

    /// <summary>Where it is; a test that cannot have it is skipped with the reason.</summary>
    public static string Url
    {
        get
        {
            var (server, reason) = s_server.Value;
            Assert.SkipWhen(server is null, reason);
            return server!.Url;
        }
    }

    public void Dispose()
    {
        NpgsqlConnection.ClearAllPools();
        if (s_server.IsValueCreated)
        {
            s_server.Value.Server?.Dispose();
        }
    }
}

/// <summary>A schema of its own for each test.</summary>
public sealed class PostgresSubject : StoreSubject
{
    static int s_schemas;

    readonly string _schema = $"test_{Environment.ProcessId}_{Interlocked.Increment(ref s_schemas)}";

    public PostgresOptions Options => new() { Url = SharedServer.Url, Schema = _schema, RowBytesMax = RowBytesMax, FollowServerClock = false };

    public override IEngineStore Open(TimeProvider clock) => OpenAsync(clock).GetAwaiter().GetResult();

    public Task<PostgresStore> OpenAsync(TimeProvider clock) =>
        PostgresStore.OpenAsync(Options, clock, NullLogger.Instance, CancellationToken.None);

    /// <summary>Runs SQL beside the store.</summary>
    public void Run(string sql)
    {
        using var connection = new NpgsqlConnection($"{SharedServer.Url};Pooling=false");
        connection.Open();
        using var command = new NpgsqlCommand(sql.Replace("agents.", $"{_schema}.", StringComparison.Ordinal), connection);
        command.ExecuteNonQuery();
    }

    public override long StaleLedgerWrites(IEngineStore store) => ((PostgresStore)store).StaleLedgerWrites;

    public override void Dispose() => Run($"drop schema if exists {_schema} cascade");
}
