namespace Agents.Cluster.Placing;

/// <summary>When a node has so much more than the others that some of it should move.</summary>
internal static class Balance
{
    /// <summary>Instances that leave at one time: each costs two commits and a replay, and the numbers are a second old.</summary>
    public const int LeavingMax = 32;

    /// <summary>Difference that is not worth a move.</summary>
    public static int Slack(int least) => 4 + (least / 4);

    /// <summary>How many instances should leave a node that has <paramref name="own"/>, given what each other one has.</summary>
    public static int Excess(NodeLoad own, IReadOnlyCollection<NodeLoad> others, double memoryMax)
    {
        var roomy = others.Where(o => !o.Leaving && o.Memory < memoryMax).ToList();
        if (own.Leaving || roomy.Count == 0 || own.Instances == 0)
        {
            return 0;
        }

        if (own.Memory >= memoryMax)
        {
            return Math.Min(own.Instances, LeavingMax / 4);
        }

        var fair = (own.Instances + roomy.Sum(o => o.Instances)) / (roomy.Count + 1);
        var least = roomy.Min(o => o.Instances);
        return own.Instances > least + (2 * Slack(least)) ? Math.Clamp(own.Instances - fair, 0, LeavingMax) : 0;
    }
}
