using System.Globalization;
using Agents.Engine.Store;

namespace Agents.Engine.Postgres.Database;

/// <summary>Brings the schema to what this build knows: numbered migrations, forward only, one node at a time.</summary>
internal static class Schema
{
    public static async Task PrepareAsync(Database database, bool migrate, CancellationToken cancel)
    {
        await database.TransactAsync(
            async session =>
            {
                // Held until this transaction ends, so a pooler is in nobody's way; nodes that start together wait here.
                await session.RunAsync(
                    $"select pg_advisory_xact_lock(hashtextextended('agents migrations {database.Sql.Schema}', 0))", cancel);
                await MigrateAsync(database, session, migrate, cancel);
                return true;
            },
            cancel);
    }

    static async Task MigrateAsync(Database database, Session session, bool migrate, CancellationToken cancel)
    {
        var migrations = database.Sql.Migrations().ToList();
        var newest = migrations[^1].Number;
        var version = await VersionAsync(database, session, cancel);
        if (version > newest)
        {
            throw new StoreUnavailableException(
                $"AG1106: {database.Where} has schema version {version}, this build knows {newest}. Use the newer build that wrote it.",
                null);
        }

        if (version < newest && !migrate)
        {
            throw new StoreUnavailableException(
                $"AG1114: {database.Where} has schema version {version}, this build needs {newest}. Start one node that may migrate "
                + "it, as a user who may create tables there.", null);
        }

        foreach (var (number, text) in migrations.Where(migration => migration.Number > version))
        {
            if (number == 1)
            {
                // Asked first: creating a schema that is there needs a right that using it does not.
                if (!await ExistsAsync(session, $"select 1 from pg_namespace where nspname = '{database.Sql.Schema}'", cancel))
                {
                    await session.RunAsync($"create schema \"{database.Sql.Schema}\"", cancel);
                }

                await session.RunAsync(database.Sql.InSchema(
                    "create table agents.schema_version (number integer primary key)"), cancel);
            }

            await session.RunAsync(text, cancel);
            await session.RunAsync(database.Sql.InSchema(string.Create(
                CultureInfo.InvariantCulture, $"insert into agents.schema_version values ({number})")), cancel);
        }
    }

    static async Task<int> VersionAsync(Database database, Session session, CancellationToken cancel)
    {
        var known = await ExistsAsync(
            session, $"select 1 from pg_tables where schemaname = '{database.Sql.Schema}' and tablename = 'schema_version'", cancel);
        return known
            ? (int?)await session.ScalarAsync(database.Sql.InSchema("select max(number) from agents.schema_version"), cancel) ?? 0
            : 0;
    }

    static async Task<bool> ExistsAsync(Session session, string text, CancellationToken cancel) =>
        await session.ScalarAsync(text, cancel) is not null;
}
