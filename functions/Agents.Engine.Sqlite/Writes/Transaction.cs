using Agents.Engine.Sqlite.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite.Writes;

/// <summary>Begin, commit, and the difference between "not in" and "nobody knows".</summary>
internal static class Transaction
{
    public static T Run<T>(Connection connection, Func<T> body)
    {
        connection.Get("Begin").Execute();
        T result;
        try
        {
            result = body();
        }
        catch
        {
            Rollback(connection);
            throw;
        }

        Commit(connection);
        return result;
    }

    static void Commit(Connection connection)
    {
        try
        {
            connection.Get("Commit").Execute();
        }
        catch (SqliteFault e)
        {
            Rollback(connection);
            if (e.IsOutOfSpace && !connection.InTransaction)
            {
                // Rolled back, so for this process nothing of it is in: it may send the same again, over the same place
                // of the log. Should it die first, its successor reads what is there, as after any crash.
                throw e.ToUnavailable();
            }

            // A commit that fails while it reaches the disk may be found there after a restart.
            throw new UnknownOutcomeException($"AG1107: it is not known whether the transaction is in: {e.Message}", e);
        }
    }

    static void Rollback(Connection connection)
    {
        try
        {
            if (connection.InTransaction)
            {
                connection.Get("Rollback").Execute();
            }
        }
        catch (SqliteFault)
        {
            // The first error is the one to tell; SQLite rolls back by itself when it must.
        }
    }
}
