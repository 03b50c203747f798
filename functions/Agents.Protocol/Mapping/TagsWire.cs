using Google.Protobuf.Collections;

namespace Agents.Protocol.Mapping;

/// <summary>Tags. None and an empty set are the same on the wire.</summary>
public static class TagsWire
{
    public static void Add(IReadOnlyDictionary<string, string>? tags, MapField<string, string> wire)
    {
        foreach (var (name, value) in tags ?? new Dictionary<string, string>())
        {
            wire[name] = value;
        }
    }

    public static IReadOnlyDictionary<string, string>? From(MapField<string, string> wire) =>
        wire.Count == 0 ? null : new SortedDictionary<string, string>(wire, StringComparer.Ordinal);
}
