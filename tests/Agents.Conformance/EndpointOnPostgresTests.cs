using Agents.TestKit.Postgres;
using Xunit;

namespace Agents.Conformance;

/// <summary>
/// The same endpoint on a PostgreSQL store. Cases that need a task hub or an endpoint of their own are not run: a shared
/// store has one hub.
/// </summary>
public sealed class EndpointOnPostgresTests : IClassFixture<EndpointOnPostgresTests.Server>
{
    public static TheoryData<string, string> Cases => CaseList.OfShared("ms", "dapr");

    readonly Server _server;

    public EndpointOnPostgresTests(Server server) => _server = server;

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task On_PostgreSQL(string sdk, string name)
    {
        Assert.True(sdk != CaseList.Unlisted, name);
        await _server.RunOf(sdk).ExpectAsync(name);
    }

    /// <summary>A private cluster; the suites of both SDKs run on it one after the other.</summary>
    public sealed class Server : IDisposable
    {
        readonly PostgresServer? _postgres = PostgresServer.Start(out var reason) ?? throw new InvalidOperationException(reason);
        readonly Dictionary<string, SuiteRun> _runs;

        public Server() => _runs = new[] { "ms", "dapr" }.ToDictionary(
            sdk => sdk,
            sdk => new SuiteRun(
                sdk, "postgres", () => [Checkout.Agents, "serve", "--grpc-port", "{port}", "--store", _postgres!.Url, "--data", "{data}"], shared: true));

        internal SuiteRun RunOf(string sdk) => _runs[sdk];

        public void Dispose() => _postgres?.Dispose();
    }
}
