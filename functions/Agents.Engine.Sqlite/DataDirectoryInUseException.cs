namespace Agents.Engine.Sqlite;

/// <summary>Another process hosts this data directory.</summary>
public sealed class DataDirectoryInUseException(string path, int? processId) : Exception(
    $"AG1101: {path} is hosted by {(processId is { } pid ? $"process {pid}" : "another process")}. "
    + "Use that one, stop it, or choose another data directory.")
{
    public string DataDirectory { get; } = path;

    /// <summary>The process that holds it, where it could be read.</summary>
    public int? ProcessId { get; } = processId;
}
