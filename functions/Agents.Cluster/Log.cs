using Microsoft.Extensions.Logging;

namespace Agents.Cluster;

internal static partial class Log
{
    [LoggerMessage(1201, LogLevel.Information, "Joined the cluster {Cluster} as {Node}; {Others} other nodes are at work.")]
    public static partial void Joined(ILogger log, string cluster, string node, int others);

    [LoggerMessage(1202, LogLevel.Information, "Left the cluster {Cluster} ({Node}).")]
    public static partial void Left(ILogger log, string cluster, string node);

    [LoggerMessage(1203, LogLevel.Warning, "The other nodes could not be told that this one leaves; they find out. {Why}")]
    public static partial void LeftUnheard(ILogger log, Exception e, string why);

    [LoggerMessage(1204, LogLevel.Information, "Node {Node} is at work.")]
    public static partial void NodeCame(ILogger log, string node);

    [LoggerMessage(1205, LogLevel.Warning, "Node {Node} is gone; its instances are taken over.")]
    public static partial void NodeGone(ILogger log, string node);

    [LoggerMessage(1206, LogLevel.Error, "AG1204: the other nodes hold this one ({Node}) for dead. It stops. {Why}")]
    public static partial void DeclaredDead(ILogger log, string node, string why);

    [LoggerMessage(1207, LogLevel.Information, "{Leave} of {All} instances leave for nodes with more room.")]
    public static partial void MakesRoom(ILogger log, int leave, int all);

    [LoggerMessage(1208, LogLevel.Debug, "Instance {Instance} is placed again: {Why}")]
    public static partial void PlacesAgain(ILogger log, string instance, string why);

    [LoggerMessage(1209, LogLevel.Warning, "No node takes instance {Instance} now; a sweep finds it again. {Why}")]
    public static partial void NotPlaced(ILogger log, string instance, string why);

    [LoggerMessage(1210, LogLevel.Debug, "Node {Node} could not be told of instance {Instance}: {Why}")]
    public static partial void NotTold(ILogger log, string node, string instance, string why);

    [LoggerMessage(1212, LogLevel.Warning, "What the gone node {Node} left open in the database could not be ended; it may hold instances back. {Why}")]
    public static partial void SessionNotEnded(ILogger log, string node, string why);

    [LoggerMessage(1211, LogLevel.Debug, "{Category}: {Text} {Why}")]
    public static partial void OfOrleans(ILogger log, string category, string text, string? why);
}
