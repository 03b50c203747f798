using Agents.Engine.Store;
using Npgsql;

namespace Agents.Engine.Postgres.Database;

/// <summary>Tells errors apart: one bad write, a collision to be tried again, a store that cannot work, or nobody knows.</summary>
internal static class PostgresFault
{
    const string RefusedByUs = "AG001";

    /// <summary>The write itself is at fault; others may go on.</summary>
    public static bool IsData(PostgresException e) => IsRolledBack(e)
        && (e.SqlState == RefusedByUs
            || e.SqlState.StartsWith("22", StringComparison.Ordinal)
            || e.SqlState.StartsWith("23", StringComparison.Ordinal)
            || e.SqlState.StartsWith("54", StringComparison.Ordinal));

    /// <summary>Two transactions stood in each other's way; this one was rolled back.</summary>
    public static bool IsCollision(PostgresException e) => IsRolledBack(e)
        && e.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure
            or PostgresErrorCodes.LockNotAvailable;

    /// <summary>An ERROR ends the transaction; after a FATAL, or a connection that broke, nobody can say.</summary>
    public static bool IsRolledBack(PostgresException e) => e.InvariantSeverity == "ERROR";

    /// <summary>The connection had ended before it was used, or was ended by a server that shuts down.</summary>
    public static bool IsDeadConnection(NpgsqlException e) => e is PostgresException server
        ? server.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown
        : e.InnerException is IOException or System.Net.Sockets.SocketException;

    /// <summary>The schema is not there any more, or its tables are not.</summary>
    public static bool IsGone(StoreUnavailableException e) =>
        e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName };

    /// <summary>An error before COMMIT was on its way, or of a statement that only reads.</summary>
    public static StoreUnavailableException ToUnavailable(NpgsqlException e, string where) => new(
        e is PostgresException server ? FromServer(server, where)
            : $"AG1111: {where} cannot be reached: {Reason(e)} Check that PostgreSQL runs and that this address is right; "
                + "nothing accepted so far is lost.",
        e);

    /// <summary>An error while a transaction was under way whose end was not heard.</summary>
    public static Exception AfterSending(NpgsqlException e, string where) => e is PostgresException server && IsRolledBack(server)
        ? ToUnavailable(e, where)
        : new UnknownOutcomeException(
            $"AG1107: the connection to {where} ended before the answer came, it is not known whether the transaction is in: "
            + Reason(e), e);

    static string FromServer(PostgresException e, string where) => e.SqlState switch
    {
        PostgresErrorCodes.DiskFull => $"AG1102: no space left on {where}: {Text(e)} Free disk space on the database server; "
            + "nothing accepted so far is lost.",
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification
            or PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.InvalidCatalogName => $"AG1112: {where} "
            + $"refuses this user: {Text(e)} Check the user, the password file and the user's rights in this database.",
        PostgresErrorCodes.ReadOnlySqlTransaction => $"AG1113: {where} is read-only: {Text(e)} Point to the primary server.",
        PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted => $"AG1103: the database is damaged: {where}: "
            + $"{Text(e)} Stop, keep a copy, and restore it from a backup.",
        _ => $"AG1111: {where} cannot work: {Text(e)} Look at the server's log; nothing accepted so far is lost.",
    };

    static string Text(PostgresException e) => $"{e.MessageText} ({e.SqlState}).";

    static string Reason(Exception e) => e.InnerException is { } inner ? $"{e.Message}: {inner.Message}." : $"{e.Message}.";
}
