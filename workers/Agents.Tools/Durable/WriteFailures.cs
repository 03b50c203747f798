namespace Agents.Tools.Durable;

/// <summary>What a failing write looks like: no space, no permission, a limit.</summary>
static class WriteFailures
{
    // A write beyond the process's file size limit comes as an argument exception, of all things.
    public static bool Includes(Exception e) =>
        e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" };

    /// <summary>The system's words, without the handle's path: people know the file by another name.</summary>
    public static string Describe(Exception e) => e switch
    {
        ArgumentOutOfRangeException => "the file size limit of the process is reached",
        _ when e.Message.IndexOf(" : '/proc/", StringComparison.Ordinal) is var at and > 0 => e.Message[..at],
        _ => e.Message,
    };
}
