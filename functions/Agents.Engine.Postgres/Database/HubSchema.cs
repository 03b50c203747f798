using System.Security.Cryptography;
using System.Text;

namespace Agents.Engine.Postgres.Database;

/// <summary>The schema of a task hub: named after the store's own and the hub, so that no two hubs share one.</summary>
internal static class HubSchema
{
    /// <summary>PostgreSQL cuts longer names off without a word.</summary>
    const int CharactersMax = 63;

    const int HashCharacters = 16;

    /// <summary>
    /// Hubs are letters, digits, '-' and '_', and their case does not count. '_' is doubled and '-' becomes "_m", so that
    /// every name can be told from every other; what is too long ends in "_x" and a hash of the whole.
    /// </summary>
    public static string Of(string schema, string hub)
    {
        var lower = hub.ToLowerInvariant();
        var name = new StringBuilder($"{schema}_hub_");
        foreach (var letter in lower)
        {
            name.Append(letter switch
            {
                '_' => "__",
                '-' => "_m",
                >= 'a' and <= 'z' or >= '0' and <= '9' => letter.ToString(),
                _ => throw new ArgumentException("a task hub is named by letters, digits, '-' and '_'", nameof(hub)),
            });
        }

        if (name.Length <= CharactersMax)
        {
            return name.ToString();
        }

        // The cut must not leave half of a doubled sign: the "_x" behind it would read as something else.
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{schema} {lower}")))[..HashCharacters];
        return $"{name.ToString(0, CharactersMax - HashCharacters - 2).TrimEnd('_')}_x{hash}";
    }

    public static Task<bool> ExistsAsync(Database database, string schema, CancellationToken cancel) => database.ReadAsync(
        async session => await session.ScalarAsync($"select 1 from pg_namespace where nspname = '{schema}'", cancel) is not null, cancel);

    public static Task<bool> DropAsync(Database database, string schema, CancellationToken cancel) => database.TransactAsync(
        async session =>
        {
            // The same lock that making it takes.
            await session.RunAsync($"select pg_advisory_xact_lock(hashtextextended('agents migrations {schema}', 0))", cancel);
            var exists = await session.ScalarAsync($"select 1 from pg_namespace where nspname = '{schema}'", cancel) is not null;
            if (exists)
            {
                await session.RunAsync($"drop schema \"{schema}\" cascade", cancel);
            }

            return exists;
        },
        cancel);
}
