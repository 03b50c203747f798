using Agents.Conformance.Polyglot;
using Xunit;

namespace Agents.Conformance.OwnClient;

/// <summary>The two samples of docs/durable-task-backend.md: a worker and a client in one process, against `agents serve`.</summary>
public sealed class SampleTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("agents-samples-").FullName;
    readonly List<Started> _started = [];

    [Theory]
    [InlineData("JavaScript")]
    [InlineData("C#")]
    public async Task A_sample_ends_with_its_parcels_on_their_way(string language)
    {
        var (_, address) = await ServeAsync("0");

        var (code, said) = await (await SampleAsync(language, address, "order-1")).EndAsync();

        Assert.True(code == 0, said);
        Assert.Contains("started order-1", said, StringComparison.Ordinal);
        Assert.Contains("order-1: \"3 parcels on their way\"", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("JavaScript")]
    [InlineData("C#")]
    public async Task Killed_with_its_server_it_goes_on_where_it_was(string language)
    {
        var (server, address) = await ServeAsync("0");
        var first = await SampleAsync(language, address, "order-2");
        await first.SaysAsync("started order-2");
        await first.KillAsync();
        await server.KillAsync();

        var (_, again) = await ServeAsync(address.Split(':')[^1]);
        var (code, said) = await (await SampleAsync(language, again, "order-2")).EndAsync();

        Assert.True(code == 0, said);
        Assert.DoesNotContain("started", said, StringComparison.Ordinal);
        Assert.Contains("order-2: \"3 parcels on their way\"", said, StringComparison.Ordinal);
    }

    async Task<(Started Server, string Address)> ServeAsync(string port)
    {
        var server = new Started(Checkout.Agents, _folder, ["serve", "--grpc-port", port, "--data", Path.Combine(_folder, "data")]);
        _started.Add(server);
        var line = await server.SaysAsync("Durable Task ");
        return (server, line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2]);
    }

    async Task<Started> SampleAsync(string language, string address, string id)
    {
        await Packages.InstalledAsync();
        var sample = language == "C#"
            ? new Started(Checkout.Built("Agents.Examples.Orders", "Agents.Examples.Orders"), _folder, [$"http://{address}", id])
            : new Started(
                "node", _folder, [Path.Combine(Checkout.Root, "examples", "durable-task", "orders.js"), address, id],
                ("NODE_PATH", Path.Combine(Checkout.Suite, "node_modules")));
        _started.Add(sample);
        return sample;
    }

    public void Dispose()
    {
        _started.ForEach(s => s.Dispose());
        Directory.Delete(_folder, recursive: true);
    }
}
