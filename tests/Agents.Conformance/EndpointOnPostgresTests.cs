using Agents.TestKit.Postgres;
using Xunit;

namespace Agents.Conformance;

/// <summary>The same endpoint on a PostgreSQL store, with the same cases: task hubs are schemas there.</summary>
public sealed class EndpointOnPostgresTests : IClassFixture<EndpointOnPostgresTests.Server>
{
    static readonly string[] s_sdks = ["ms", "dapr", "wire"];

    public static TheoryData<string, string> Cases => CaseList.Of("postgres", s_sdks);

    readonly Server _server;

    public EndpointOnPostgresTests(Server server) => _server = server;

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task On_PostgreSQL(string sdk, string name)
    {
        Assert.True(sdk != CaseList.Unlisted, name);
        await _server.RunOf(sdk).ExpectAsync(name);
    }

    /// <summary>A private cluster; the suites run on it one after the other. Each endpoint of a case has a schema of its own.</summary>
    public sealed class Server : IDisposable
    {
        readonly PostgresServer? _postgres = PostgresServer.Start(out var reason) ?? throw new InvalidOperationException(reason);
        readonly Dictionary<string, SuiteRun> _runs;

        public Server() => _runs = s_sdks.ToDictionary(
            sdk => sdk,
            sdk => new SuiteRun(
                sdk, "postgres",
                () => [Checkout.Agents, "serve", "--grpc-port", "{port}", "--store", _postgres!.InSchema("c{port}"), "--data", "{data}"]));

        internal SuiteRun RunOf(string sdk) => _runs[sdk];

        public void Dispose() => _postgres?.Dispose();
    }
}
