namespace Agents.Engine.History;

/// <summary>Stored bytes that are not what the codec writes: the file was damaged, or a newer build wrote it.</summary>
internal static class HistoryFault
{
    public static InvalidDataException Unreadable(string what) => new(
        $"AG1151: stored history is unreadable: it holds {what}. The database file is damaged or was written by a newer "
        + "build; restore it from a backup or use the build that wrote it.");
}
