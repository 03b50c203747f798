using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Agents.Cluster;
using Agents.Engine.Store;
using Agents.Replay;
using Agents.TestKit;
using Agents.TestKit.Nodes;
using Agents.TestKit.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Runtime;
using Xunit;

namespace Agents.Tests.Cluster;

/// <summary>Who may talk to a node.</summary>
public sealed class TransportTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("agents-tls-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("10.1.2.3", "AG1201", "not loopback")]
    [InlineData("0.0.0.0", "AG1201", "not one that other nodes could reach")]
    public void An_open_address_without_proof_of_identity_is_refused(string address, string code, string says)
    {
        var refused = Assert.Throws<StoreUnavailableException>(() => Make(new ClusterSettings { Address = IPAddress.Parse(address) }));
        Assert.StartsWith(code, refused.Message, StringComparison.Ordinal);
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_of_another_authority_is_refused_before_anything_listens()
    {
        var tls = Certificates("ours") with { AuthorityFile = Certificates("theirs").AuthorityFile };
        var refused = Assert.Throws<StoreUnavailableException>(() => Make(new ClusterSettings { Tls = tls }));
        Assert.StartsWith("AG1202", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nodes_with_certificates_talk_and_a_stranger_gets_no_answer()
    {
        var tls = Certificates("ours");
        await using var cluster = await TestCluster.StartAsync(
            2, new Dictionary<string, Orchestrator>(), _ => { }, new ClusterSettings { Name = "secret", Tls = tls });
        Assert.Equal(2, cluster[0].Membership.Live.Count);
        Assert.Equal(2, cluster[1].Membership.Live.Count);

        var strangers = Certificates("theirs");
        using var certificate = X509Certificate2.CreateFromPemFile(strangers.CertificateFile, strangers.KeyFile);
        using var known = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
        await Assert.ThrowsAnyAsync<Exception>(() => TalkAsync(cluster[0], known));
        await Assert.ThrowsAnyAsync<Exception>(() => TalkAsync(cluster[0], null));
    }

    /// <summary>Returns when the node answered anything.</summary>
    static async Task TalkAsync(TestMember to, X509Certificate2? certificate)
    {
        using var limit = Patience.Begin();
        using var client = new TcpClient();
        await client.ConnectAsync(SiloAddress.FromParsableString(to.Node.NodeId).Endpoint, limit.Token);
        await using var stream = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "agents-cluster",
                ClientCertificates = certificate is null ? null : [certificate],
                LocalCertificateSelectionCallback = certificate is null ? null : (_, _, _, _, _) => certificate,
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            },
            limit.Token);
        await stream.WriteAsync(new byte[64], limit.Token);
        if (await stream.ReadAsync(new byte[1], limit.Token) == 0)
        {
            throw new IOException("closed without an answer");
        }
    }

    static ClusterMembership Make(ClusterSettings settings) =>
        ClusterMembership.Create(settings, new SimulatedMembers(), TimeProvider.System, NullLogger.Instance);

    ClusterTls Certificates(string name)
    {
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        using var authority = request.CreateSelfSigned(now.AddHours(-1), now.AddHours(1));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signed = new CertificateRequest($"CN={name} node", key, HashAlgorithmName.SHA256)
            .Create(authority, now.AddHours(-1), now.AddHours(1), [1, 2, 3, (byte)name.Length]);
        return new ClusterTls
        {
            CertificateFile = Write($"{name}.pem", signed.ExportCertificatePem()),
            KeyFile = Write($"{name}.key", key.ExportPkcs8PrivateKeyPem()),
            AuthorityFile = Write($"{name}-ca.pem", authority.ExportCertificatePem()),
        };
    }

    string Write(string file, string text)
    {
        var path = Path.Combine(_folder, file);
        File.WriteAllText(path, text);
        return path;
    }
}
