using System.Text.RegularExpressions;
using Agents.Engine.Store;
using Npgsql;

namespace Agents.Engine.Postgres;

/// <summary>Where the PostgreSQL store is, and its bounds. Holds a secret perhaps, so it does not print itself.</summary>
public sealed partial record PostgresOptions
{
    const string DefaultSchema = "agents";

    // A group of many turns is tens of kilobytes: each time the buffer is full, the server wakes for a piece of it.
    const int WriteBufferBytes = 128 * 1024;

    /// <summary>
    /// postgres://user@host:port/database?sslmode=verify-full, or Npgsql's own "Host=…;Database=…". The value of
    /// AGENTS_STORE_URL where there is one. Better without a password: see <see cref="PasswordFile"/>.
    /// </summary>
    public required string Url { get; init; }

    /// <summary>A file that holds the password and nothing else; read again at each new connection.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>Schema of all our tables: lower-case letters, digits and underscores.</summary>
    public string Schema { get; init; } = DefaultSchema;

    /// <summary>The address as a person may see it: without password.</summary>
    public string Shown
    {
        get
        {
            if (IsUrl(Url))
            {
                var shown = SecretOfUrl().Replace(Url, "$1$2@");
                return Schema == DefaultSchema ? shown : $"{shown}{(shown.Contains('?', StringComparison.Ordinal) ? '&' : '?')}schema={Schema}";
            }

            var settings = Parse(Url);
            settings.Password = null;
            settings.SslPassword = null;
            return settings.ConnectionString;
        }
    }

    /// <summary>May this node bring an older schema forward (or make a new one)?</summary>
    public bool Migrate { get; init; } = true;

    /// <summary>
    /// Keeps statements prepared on their connections, unless a pooler is found to stand between: PgBouncer before 1.21
    /// cannot follow, and does not say which it is.
    /// </summary>
    public bool PrepareStatements { get; init; } = true;

    /// <summary>Connections of this node in all.</summary>
    public int ConnectionsMax { get; init; } = 8;

    /// <summary>
    /// Groups that are being written at the same time, each on a thread and a connection of its own; what comes meanwhile goes
    /// into the next one. More than one makes groups smaller, and what a group costs is spread over its turns.
    /// </summary>
    public int GroupsInFlightMax { get; init; } = 1;

    /// <summary>What a node should let wait for this store at once: the store gathers its groups by itself.</summary>
    public const int CallersMax = 512;

    /// <summary>Writes of several callers that share one transaction at most.</summary>
    public int WritesPerTransactionMax { get; init; } = 256;

    /// <summary>Longest value of one column; a write beyond it is refused by name.</summary>
    public int RowBytesMax { get; init; } = 64 << 20;

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long to wait for an answer before the connection counts as lost.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the id of a purged instance answers for it.</summary>
    public TimeSpan DedupWindow { get; init; } = TimeSpan.FromDays(14);

    /// <summary>Goes by the server's time, whatever this machine's clock says. Off for tests that own the clock.</summary>
    public bool FollowServerClock { get; init; } = true;

    public override string ToString() => $"{nameof(PostgresOptions)} {{ {nameof(Schema)} = {Schema} }}";

    /// <summary>Checks everything once; what it says never repeats the address, which may hold a password.</summary>
    internal NpgsqlConnectionStringBuilder Settings()
    {
        if (!SchemaName().IsMatch(Schema))
        {
            throw Wrong($"the schema '{Schema}' is not 1 to 63 lower-case letters, digits and underscores");
        }

        if (GroupsInFlightMax < 1 || ConnectionsMax <= GroupsInFlightMax || WritesPerTransactionMax < 1)
        {
            throw Wrong("the bounds must allow a group in flight, a write in it, and one connection more for reading");
        }

        var settings = Parse(Url);
        settings.Pooling = true;
        settings.MinPoolSize = 0;
        settings.MaxPoolSize = ConnectionsMax;
        settings.NoResetOnClose = true;   // nothing of ours stays on a connection, and a pooler does not pass DISCARD ALL on
        settings.MaxAutoPrepare = PrepareStatements ? 200 : 0;
        settings.Multiplexing = false;
        settings.WriteBufferSize = WriteBufferBytes;
        settings.Timeout = (int)Math.Ceiling(ConnectTimeout.TotalSeconds);
        settings.CommandTimeout = (int)Math.Ceiling(CommandTimeout.TotalSeconds);
        settings.ApplicationName ??= "agents";
        settings.IncludeErrorDetail = false;   // details hold values
        settings.PersistSecurityInfo = false;
        return settings;
    }

    /// <summary>Whether a text is an address of a server, and not a path.</summary>
    public static bool Names(string text) => IsUrl(text) || ConnectionString().IsMatch(text);

    /// <summary>Options for an address as people give it; "?schema=NAME" behind a URL says which schema.</summary>
    public static PostgresOptions For(string address)
    {
        var schema = SchemaOfUrl().Match(address);
        return schema.Success
            ? new PostgresOptions
            {
                Url = address.Remove(schema.Index, schema.Length).Insert(schema.Index, schema.Groups[2].Value == "&" ? schema.Groups[1].Value : ""),
                Schema = Uri.UnescapeDataString(schema.Groups["name"].Value),
            }
            : new PostgresOptions { Url = address };
    }

    static bool IsUrl(string text) =>
        text.StartsWith("postgres://", StringComparison.Ordinal) || text.StartsWith("postgresql://", StringComparison.Ordinal);

    static NpgsqlConnectionStringBuilder Parse(string url)
    {
        if (!IsUrl(url))
        {
            try
            {
                return new NpgsqlConnectionStringBuilder(url);
            }
            catch (Exception e) when (e is ArgumentException or FormatException)
            {
                throw Wrong("it is neither postgres://user@host:port/database nor Host=…;Database=…");
            }
        }

        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri))
        {
            throw Wrong("it is no URL; characters such as '@' and '/' in a password are written as %40 and %2F");
        }

        return FromUri(uri);
    }

    static NpgsqlConnectionStringBuilder FromUri(Uri uri)
    {
        var settings = new NpgsqlConnectionStringBuilder { Host = Uri.UnescapeDataString(uri.Host) };
        if (uri.Port > 0)
        {
            settings.Port = uri.Port;
        }

        var user = uri.UserInfo.Split(':', 2);
        settings.Username = user[0].Length > 0 ? Uri.UnescapeDataString(user[0]) : null;
        settings.Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null;
        settings.Database = uri.AbsolutePath.Length > 1 ? Uri.UnescapeDataString(uri.AbsolutePath[1..]) : null;
        foreach (var pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = pair.Split('=', 2) is [var n, var v] ? (n, Uri.UnescapeDataString(v)) : (pair, "");
            try
            {
                settings[Name(name)] = name == "sslmode" ? value.Replace("-", "", StringComparison.Ordinal) : value;
            }
            catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
            {
                throw Wrong($"'{name}' in its query is not known or its value is not one of those allowed");
            }
        }

        return settings;
    }

    /// <summary>libpq's names, where Npgsql's differ.</summary>
    static string Name(string name) => name switch
    {
        "sslmode" => "SSL Mode",
        "sslrootcert" => "Root Certificate",
        "sslcert" => "SSL Certificate",
        "sslkey" => "SSL Key",
        "passfile" => "Passfile",
        "host" => "Host",
        _ => name,
    };

    static StoreUnavailableException Wrong(string what) => new(
        $"AG1115: the address of the PostgreSQL store (--store or AGENTS_STORE_URL) cannot be used: {what}.", null);

    [GeneratedRegex("^(postgres(?:ql)?://)([^:@/]*):[^@/]*@")]
    private static partial Regex SecretOfUrl();

    [GeneratedRegex("(?<=^postgres(?:ql)?://.*)([?&])schema=(?<name>[^&]*)(&|$)")]
    private static partial Regex SchemaOfUrl();

    [GeneratedRegex(@"^\s*(host|server|data source)\s*=", RegexOptions.IgnoreCase)]
    private static partial Regex ConnectionString();

    [GeneratedRegex("^[a-z_][a-z0-9_]{0,62}$")]
    private static partial Regex SchemaName();
}
