namespace Agents.ModelServer.Http;

/// <summary>Where the model server listens.</summary>
public sealed record ModelServerOptions
{
    /// <summary>Loopback port; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>Unix socket to listen on instead, owner only; a file left there by an earlier process is replaced.</summary>
    public string? SocketPath { get; init; }

    /// <summary>Bytes of one request.</summary>
    public int RequestBytesMax { get; init; } = 32 << 20;
}
