using Agents.Contracts.Client;

namespace Agents.Simulation.Workload;

/// <summary>What clients were told, as they wrote it down.</summary>
sealed class Journal
{
    /// <summary>Starts that were acknowledged.</summary>
    public Dictionary<string, StartRequest> Started { get; } = [];

    /// <summary>Instances that a redelivered start request started once more.</summary>
    public HashSet<string> StartedAgain { get; } = [];

    /// <summary>Items that were acknowledged, by instance.</summary>
    public List<(string InstanceId, string Item)> Accepted { get; } = [];

    /// <summary>Items that were sent, acknowledged or not.</summary>
    public HashSet<string> Sent { get; } = [];

    /// <summary>Instances somebody asked to remove, whatever the answer.</summary>
    public HashSet<string> Purging { get; } = [];

    /// <summary>Instances removed for sure.</summary>
    public HashSet<string> Purged { get; } = [];

    /// <summary>Instances that were ended, replaced or rewound by hand: their answers are not the planned ones.</summary>
    public HashSet<string> Meddled { get; } = [];

    /// <summary>Keys a person gave up, or said of that they happened.</summary>
    public Dictionary<string, string> Verdicts { get; } = [];
}
