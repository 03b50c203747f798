namespace Agents.ModelServer.Scripted;

/// <summary>Where the scripted model server listens and how fast it speaks.</summary>
public sealed record ScriptedServerOptions
{
    /// <summary>Unix socket to listen on, owner only; a file left there by an earlier process is replaced.</summary>
    public string? SocketPath { get; init; }

    /// <summary>Loopback port to listen on; 0 takes a free one. Null with a socket path: the socket only.</summary>
    public int? Port { get; init; }

    /// <summary>Wait before each piece of text, so that a person can watch; none by default.</summary>
    public TimeSpan DelayPerToken { get; init; }

    /// <summary>Bytes of one request.</summary>
    public int RequestBytesMax { get; init; } = 32 << 20;
}
