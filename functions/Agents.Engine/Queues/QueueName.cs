namespace Agents.Engine.Queues;

/// <summary>
/// A queue as an activity names it by its tag "queue": NAME, or NAME/KEY, where the key is what the queue's bound for one
/// key counts. Without a key the tenant is it.
/// </summary>
internal sealed record QueueName(string Name, string? Key)
{
    public const string Tag = "queue";

    /// <summary>Characters that count; what is longer is cut, so that a foreign worker's tag breaks nothing.</summary>
    public const int LengthMax = 200;

    /// <summary>Of activities that name none: the bound of a task hub as a whole.</summary>
    public static QueueName Default { get; } = new("default", null);

    public static QueueName? Of(IReadOnlyDictionary<string, string>? tags)
    {
        if (tags is null || !tags.TryGetValue(Tag, out var text) || text.Length == 0)
        {
            return null;
        }

        text = text.Length > LengthMax ? text[..LengthMax] : text;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? new QueueName(text, null) : new QueueName(text[..slash], text[(slash + 1)..]);
    }
}
