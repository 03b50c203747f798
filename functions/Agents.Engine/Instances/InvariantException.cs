namespace Agents.Engine.Instances;

/// <summary>What must always hold does not: the instance is parked with this reason, the others go on.</summary>
internal sealed class InvariantException(string message) : Exception(message);
