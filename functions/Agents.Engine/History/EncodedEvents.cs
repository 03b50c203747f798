using Agents.Engine.Store;

namespace Agents.Engine.History;

/// <summary>Events as stored, and the values that were too long to stay inside them.</summary>
public sealed record EncodedEvents(ReadOnlyMemory<byte> Bytes, int Count, IReadOnlyList<PayloadRow> Payloads);
