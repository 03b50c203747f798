namespace Agents.Protocol.Mapping;

/// <summary>A message that cannot mean anything here; the text says which part of it and why.</summary>
public sealed class WireException(string message) : Exception(message);
