using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Agents.Access;
using Agents.Contracts.Work;
using Agents.Engine;
using Agents.Engine.Grpc;
using Agents.Engine.Grpc.Hubs;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Agents.Tests.Endpoint;

/// <summary>Where the endpoint listens, and where it must not.</summary>
public sealed class ListeningTests
{
    static readonly AccessRules s_keyed = new AccessRules().WithKey("k", "0123456789abcdef");

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Other_machines_are_listened_to_with_keys_and_over_TLS_only()
    {
        using var certificate = Certificate();
        var open = new DurableTaskOptions { Address = IPAddress.Any };

        Assert.Null(new DurableTaskOptions().Exposure());
        Assert.Null(new DurableTaskOptions { Address = IPAddress.IPv6Loopback }.Exposure());
        Assert.Contains("asked for nothing", open.Exposure(), StringComparison.Ordinal);
        Assert.Contains("asked for nothing", (open with { Certificate = certificate }).Exposure(), StringComparison.Ordinal);
        Assert.Contains("without TLS", (open with { Access = s_keyed }).Exposure(), StringComparison.Ordinal);
        Assert.Null((open with { Access = s_keyed, Certificate = certificate }).Exposure());
        Assert.Null((open with { Access = s_keyed, PlaintextAnywhere = true }).Exposure());
    }

    [Fact]
    public async Task It_does_not_begin_to_listen_to_strangers()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => StartAsync(new DurableTaskOptions { Address = IPAddress.Any, Port = 0 }));
    }

    [Theory]
    [InlineData("0123456789abcdef", "0")]
    [InlineData("another", "16")]
    public async Task Over_TLS_it_answers_who_has_the_key(string key, string status)
    {
        using var certificate = Certificate();
        await using var server = await StartAsync(new DurableTaskOptions { Port = 0, Certificate = certificate, Access = s_keyed });
        using var http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new() { RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == certificate.GetCertHashString() },
        });
        using var hello = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Address, "/TaskHubSidecarService/Hello"))
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(new byte[5]),
        };
        hello.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        hello.Headers.Add("x-api-key", key);

        using var answer = await http.SendAsync(hello, Cancel);
        await answer.Content.ReadAsByteArrayAsync(Cancel);

        Assert.Equal("https", server.Address.Scheme);
        Assert.Equal(status, (answer.TrailingHeaders.TryGetValues("grpc-status", out var said) ? said : answer.Headers.GetValues("grpc-status")).Single());
    }

    static Task<DurableTaskServer> StartAsync(DurableTaskOptions options)
    {
        var environment = new EngineEnvironment(TimeProvider.System, new CountedIds(), NullLogger.Instance);
        return DurableTaskServer.StartAsync(options, new NoHubs(), environment, Cancel);
    }

    static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    sealed class CountedIds : IIdSource
    {
        int _count;

        public Guid NextGuid() => new(++_count, 0, 0, new byte[8]);
    }

    sealed class NoHubs : ITaskHubs
    {
        public IReadOnlyCollection<TaskHub> Open => [];

        public ValueTask<TaskHub> GetAsync(string? name, CancellationToken cancel) => throw new TaskHubException("none");

        public Task<bool> CreateAsync(string? name, bool anew, CancellationToken cancel) => Task.FromResult(false);

        public Task<bool> DeleteAsync(string? name, CancellationToken cancel) => Task.FromResult(false);
    }
}
