using Agents.EndToEnd.CommandLine;
using Xunit;

namespace Agents.EndToEnd.BadInput;

/// <summary>Ways of listening that are refused before anything listens.</summary>
public sealed class ListeningTests
{
    [Theory]
    [InlineData("AG6051", "--grpc-address", "0.0.0.0")]
    [InlineData("AG6040", "--grpc-address", "everywhere")]
    [InlineData("AG6040", "--grpc-cert", "nowhere.pem")]
    [InlineData("AG6050", "--access", "nowhere.json")]
    public async Task It_is_refused_by_name(string code, string option, string value)
    {
        using var terminal = new Terminal(files: 1);

        var ended = await terminal.RunAsync("serve", "--grpc-port", "0", option, value);

        Assert.Equal(2, ended.Code);
        Assert.Contains(code, ended.Errors, StringComparison.Ordinal);
    }
}
