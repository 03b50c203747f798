using Agents.Access;
using Agents.Client.Runs;
using Agents.Contracts.Client;
using Agents.Contracts.Runs;

namespace Agents.Api;

/// <summary>Where the API listens and what it takes. At least one of socket and port is given.</summary>
public sealed record ApiOptions
{
    /// <summary>Unix socket, made with mode 0600; null for none. Who reaches it is the owner.</summary>
    public string? SocketPath { get; init; }

    /// <summary>TCP port on the loopback interface, 0 for any free one; null for none. Who reaches it is a guest.</summary>
    public int? Port { get; init; }

    /// <summary>Whom guests must show to be; the owner's socket asks for nothing.</summary>
    public AccessRules Access { get; init; } = new();

    public int BodyBytesMax { get; init; } = 1 << 20;
    public int HeaderBytesMax { get; init; } = 32 << 10;

    /// <summary>A comment goes out on a quiet stream this often, so that neither side takes silence for death.</summary>
    public TimeSpan KeepAliveEvery { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Streams open at once; one more is refused.</summary>
    public int StreamsMax { get; init; } = 256;
}

/// <summary>What the endpoints call.</summary>
public sealed record ApiServices
{
    public required IRunClient Runs { get; init; }
    public required IRunArchive Archive { get; init; }

    /// <summary>The queues of a task hub; null: of the runs' own.</summary>
    public required Func<string?, CancellationToken, Task<IQueueClient>> Queues { get; init; }
    public required TimeProvider Clock { get; init; }

    /// <summary>Profiles as they may be shown, with what a person should know of each.</summary>
    public Func<IReadOnlyList<ModelView>> Models { get; init; } = () => [];

    /// <summary>What keeps the host from working (disk full); null while all is well.</summary>
    public Func<string?> Problem { get; init; } = () => null;

    /// <summary>What a person should see to while the host works; none while all is well.</summary>
    public Func<IReadOnlyList<string>> Warnings { get; init; } = () => [];

    /// <summary>The model workers of this host and the models they serve, as JSON.</summary>
    public Func<byte[]> WorkersJson { get; init; } = NoWorkers;

    /// <summary>Of a host that serves no model.</summary>
    public static byte[] NoWorkers() => """{"workers":[],"models":[]}"""u8.ToArray();

    public string Version { get; init; } = "0";
}

/// <summary>A model profile as listed; holds the name of the key's variable, never the key.</summary>
public sealed record ModelView(
    string Name, string Model, string BaseUrl, int ContextTokens, string? ApiKeyEnv, DateOnly? RetiredOn, string? Successor,
    IReadOnlyList<ModelPrice> Prices, string? Note, IReadOnlyList<string> Warnings)
{
    /// <summary>How this host serves it; null for models that are served elsewhere.</summary>
    public ModelServing? Serving { get; init; }
}

/// <summary>A model that the host's own workers serve.</summary>
/// <param name="PrefixHitRate">Share of prompt tokens that were not computed again; null before the first reply.</param>
public sealed record ModelServing(int WorkersReady, int Running, int Waiting, long QueueTokens, double? TokensPerSecond, double? PrefixHitRate);

/// <summary>Answer of /healthz. Status is "ok", "warning" (it works, and something should be seen to) or "degraded".</summary>
public sealed record HealthView(string Status, string Version, string? Problem, IReadOnlyList<string>? Warnings);
