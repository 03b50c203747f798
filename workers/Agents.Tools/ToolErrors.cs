namespace Agents.Tools;

/// <summary>Codes of the faults operators read. Each has a page in docs/errors; none is ever used again for another meaning.</summary>
public static class ToolErrors
{
    /// <summary>A run names a tool nobody here provides.</summary>
    public const string UnknownTool = "AG5001";

    /// <summary>A tool's entry in a job is malformed.</summary>
    public const string BadToolEntry = "AG5002";

    /// <summary>A tool's JSON schema cannot be used.</summary>
    public const string BadSchema = "AG5003";

    /// <summary>The folder that file tools are confined to is missing or unusable.</summary>
    public const string RootUnusable = "AG5004";

    /// <summary>A file that keeps the state of tools is damaged.</summary>
    public const string StateDamaged = "AG5005";

    /// <summary>A write failed: disk full, no permission, file size limit.</summary>
    public const string WriteFailed = "AG5006";

    /// <summary>A file stayed locked by another process.</summary>
    public const string Locked = "AG5007";

    /// <summary>A tool did not answer in time.</summary>
    public const string TimedOut = "AG5008";

    /// <summary>An MCP server cannot be started or reached.</summary>
    public const string McpUnreachable = "AG5009";

    /// <summary>An HTTP tool cannot be reached or answers with a server error.</summary>
    public const string HttpToolFailed = "AG5010";

    /// <summary>An environment variable that a tool's settings name is not set.</summary>
    public const string VariableMissing = "AG5011";

    /// <summary>A tool's own code threw.</summary>
    public const string ToolThrew = "AG5012";

    /// <summary>The activity of a connected worker failed.</summary>
    public const string ActivityFailed = "AG5013";
}
