namespace Agents.Engine.Grpc.Work;

/// <summary>Items of one kind, name and version that wait, and for how long the longest.</summary>
internal sealed record UnservedWork(WorkKind Kind, string Name, string Version, int Count, TimeSpan Age);
