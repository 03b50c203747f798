namespace Agents.Client.Runs;

/// <summary>
/// A request that cannot be served, said to a person: what, where, what to do. The code has a page docs/errors/CODE.md.
/// </summary>
public sealed class RunFaultException(string code, string what, string? where = null, string? whatToDo = null, Exception? inner = null)
    : Exception(where is null ? what : $"{where}: {what}", inner)
{
    public string Code { get; } = code;

    public string What { get; } = what;

    public string? Where { get; } = where;

    public string? WhatToDo { get; } = whatToDo;
}

/// <summary>Codes of the command line and the HTTP API. Never reused.</summary>
public static class Faults
{
    /// <summary>The job file is not readable as JSON.</summary>
    public const string JobSyntax = "AG6010";

    /// <summary>A field of the job is missing, unknown or of the wrong kind.</summary>
    public const string JobField = "AG6011";

    /// <summary>No model profile of that name.</summary>
    public const string UnknownModel = "AG4018";

    /// <summary>A folder or file the job names is not there or not usable.</summary>
    public const string JobPath = "AG6014";

    /// <summary>The job asks for something only the owner may ask for.</summary>
    public const string GuestRefused = "AG6016";

    /// <summary>No such run.</summary>
    public const string RunNotFound = "AG6020";

    /// <summary>The idempotency key, or the id, was used with another job.</summary>
    public const string KeyConflict = "AG6021";

    /// <summary>The command does not apply to the run as it stands.</summary>
    public const string CommandRefused = "AG6022";

    /// <summary>Part of an id that fits several runs.</summary>
    public const string AmbiguousRun = "AG6023";

    /// <summary>A malformed request: parameter, header or body.</summary>
    public const string BadRequest = "AG6030";

    /// <summary>The body is over the bound.</summary>
    public const string BodyTooLarge = "AG6031";

    /// <summary>The Host or Origin of the request is not one of ours.</summary>
    public const string ForeignOrigin = "AG6032";

    /// <summary>No such address, or not with this method.</summary>
    public const string NoSuchAddress = "AG6033";

    /// <summary>The host could not serve the request.</summary>
    public const string Unavailable = "AG6034";

    /// <summary>The body is not application/json.</summary>
    public const string MediaType = "AG6035";

    /// <summary>Bad use of the command line.</summary>
    public const string Usage = "AG6040";

    /// <summary>The data directory cannot be used.</summary>
    public const string DataDirectory = "AG6041";

    /// <summary>The data directory is held by another process that does not answer.</summary>
    public const string DataDirectoryBusy = "AG6042";

    /// <summary>The hosting process went away while we watched.</summary>
    public const string HostGone = "AG6043";

    /// <summary>The verb belongs to later work.</summary>
    public const string NotBuilt = "AG6044";

    /// <summary>The address to listen on cannot be had.</summary>
    public const string ListenAddress = "AG6045";

    /// <summary>The stored run does not replay: code and history disagree.</summary>
    public const string ReplayDiverged = "AG6046";

    /// <summary>The proof found an effect doubled, lost or an output that differs.</summary>
    public const string ProofBroken = "AG6047";

    /// <summary>The access rules cannot be used.</summary>
    public const string AccessRules = "AG6050";

    /// <summary>It would listen to other machines without asking who they are, or without TLS.</summary>
    public const string Exposed = "AG6051";

    /// <summary>The caller shows no key or token that is taken here.</summary>
    public const string NotLetIn = "AG6052";

    /// <summary>Something we did not foresee.</summary>
    public const string Unexpected = "AG6099";
}
