using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;

namespace Agents.Cluster.Transport;

/// <summary>Puts TLS with certificates on both sides between a node's connections and the network.</summary>
internal sealed class TlsMiddleware(ClusterTls tls)
{
    static readonly TimeSpan s_handshakeMax = TimeSpan.FromSeconds(5);

    readonly X509Certificate2 _certificate = tls.Certificate();

    public ConnectionDelegate Accept(ConnectionDelegate next) => connection => SecureAsync(
        connection, next, (stream, cancel) => stream.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                ServerCertificate = _certificate,
                ClientCertificateRequired = true,
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                RemoteCertificateValidationCallback = Trusts,
            },
            cancel));

    public ConnectionDelegate Connect(ConnectionDelegate next) => connection => SecureAsync(
        connection, next, (stream, cancel) => stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "agents-cluster",
                ClientCertificates = [_certificate],
                LocalCertificateSelectionCallback = (_, _, _, _, _) => _certificate,
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                RemoteCertificateValidationCallback = Trusts,
            },
            cancel));

    bool Trusts(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate is X509Certificate2 presented && tls.Trusts(presented);

    static async Task SecureAsync(
        ConnectionContext connection, ConnectionDelegate next, Func<SslStream, CancellationToken, Task> authenticate)
    {
        var plain = connection.Transport;
        await using var stream = new SslStream(new PipeStream(plain), leaveInnerStreamOpen: false);
        using (var limit = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed))
        {
            limit.CancelAfter(s_handshakeMax);
            try
            {
                await authenticate(stream, limit.Token);
            }
            catch (Exception e) when (e is AuthenticationException or IOException or OperationCanceledException)
            {
                connection.Abort(new ConnectionAbortedException("AG1202: the other side did not prove to be a node of this cluster", e));
                return;
            }
        }

        var secured = new Pipes(PipeReader.Create(stream), PipeWriter.Create(stream));
        try
        {
            connection.Transport = secured;
            await next(connection);
        }
        finally
        {
            await secured.Input.CompleteAsync();
            await secured.Output.CompleteAsync();
            connection.Transport = plain;
        }
    }

    sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    /// <summary>Both directions of a pipe as one stream.</summary>
    sealed class PipeStream(IDuplexPipe pipe) : Stream
    {
        readonly Stream _in = pipe.Input.AsStream();
        readonly Stream _out = pipe.Output.AsStream();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => _out.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => _out.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => _in.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            _in.ReadAsync(buffer, cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => _out.Write(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            _out.WriteAsync(buffer, cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
