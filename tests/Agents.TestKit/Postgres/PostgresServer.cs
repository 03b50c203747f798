using System.Diagnostics;
using System.Globalization;

namespace Agents.TestKit.Postgres;

/// <summary>
/// A private PostgreSQL cluster for tests: made by initdb in a temporary directory, reached by a Unix socket in it, and
/// stopped and removed when this object goes. Runs as the user postgres when we are root, as initdb demands.
/// </summary>
public sealed class PostgresServer : IDisposable
{
    const string Variable = "AGENTS_TEST_POSTGRES";
    const string RunAs = "postgres";

    readonly DirectoryInfo? _root;
    readonly string _bin = "";

    PostgresServer(string url) => Url = url;

    PostgresServer(string bin, DirectoryInfo root)
    {
        _bin = bin;
        _root = root;
        Url = $"Host={root.FullName};Port=5432;Username={RunAs};Database={RunAs}";
    }

    /// <summary>As the store takes it.</summary>
    public string Url { get; }

    /// <summary>The same as an address with a schema, as it is given to --store. The schema may hold "{port}" and the like.</summary>
    public string InSchema(string schema)
    {
        if (Url.Contains("://", StringComparison.Ordinal))
        {
            return $"{Url}{(Url.Contains('?', StringComparison.Ordinal) ? '&' : '?')}schema={schema}";
        }

        var parts = Url.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(part => part.Split('=', 2))
            .ToDictionary(part => part[0].Trim(), part => Uri.EscapeDataString(part[1].Trim()), StringComparer.OrdinalIgnoreCase);
        var password = parts.TryGetValue("Password", out var secret) ? $":{secret}" : "";
        return $"postgres://{parts["Username"]}{password}@localhost:{parts.GetValueOrDefault("Port", "5432")}/{parts["Database"]}"
            + $"?host={parts["Host"]}&schema={schema}";
    }

    /// <summary>Socket of a server that this object started.</summary>
    public string Socket => Path.Combine(_root!.FullName, ".s.PGSQL.5432");

    string Data => Path.Combine(_root!.FullName, "data");

    /// <summary>
    /// Starts one, or uses what AGENTS_TEST_POSTGRES points to. Null with a reason where there is none to be had; with
    /// CI=true that is an error, because a check that skips is no check. <paramref name="below"/>: a folder to make it in,
    /// and then always one of its own.
    /// </summary>
    public static PostgresServer? Start(out string reason, string? below = null)
    {
        reason = "";
        if (below is null && Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given)
        {
            return new PostgresServer(given);
        }

        if (Binaries() is not { } bin)
        {
            reason = $"PostgreSQL is not installed (no initdb on the path or in /usr/lib/postgresql): install Debian's package "
                + $"postgresql, or point {Variable} to a server.";
            return Environment.GetEnvironmentVariable("CI") == "true" ? throw new InvalidOperationException(reason) : null;
        }

        var root = below is null ? Directory.CreateTempSubdirectory("agents-pg-") : Directory.CreateDirectory(Path.Combine(below, Path.GetFileName(below)));
        var server = new PostgresServer(bin, root);
        try
        {
            server.Create();
            server.Begin();
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>Runs one of PostgreSQL's programs on this server's database; answers with what it wrote.</summary>
    public string Ask(string tool, params string[] arguments) =>
        Run(tool, ["-h", _root!.FullName, "-p", "5432", "-U", RunAs, .. arguments]);

    /// <summary>The same server, another database.</summary>
    public string UrlOf(string database) => $"Host={_root!.FullName};Port=5432;Username={RunAs};Database={database}";

    /// <summary>Whether its postmaster is there.</summary>
    public bool Runs => File.Exists(Path.Combine(Data, "postmaster.pid"))
        && int.TryParse(File.ReadLines(Path.Combine(Data, "postmaster.pid")).First(), CultureInfo.InvariantCulture, out var id)
        && Stat(id) is not null;

    /// <summary>Starts the server again where it was stopped.</summary>
    public void Begin() => Run(
        "pg_ctl", "start", "-w", "-D", Data, "-l", Path.Combine(_root!.FullName, "server.log"),
        "-o", $"-c listen_addresses= -c unix_socket_directories={_root.FullName} -c max_connections=200 -c shared_buffers=32MB");

    /// <summary>Stops it as a dying machine would: without a checkpoint, in the middle of whatever runs.</summary>
    public void StopAtOnce() => Run("pg_ctl", "stop", "-w", "-D", Data, "-m", "immediate");

    /// <summary>Ends it as an operator would who does not wait for its clients.</summary>
    public void StopFast() => Run("pg_ctl", "stop", "-w", "-D", Data, "-m", "fast");

    /// <summary>SIGKILL to the postmaster; its children find out and end. Returns once they have.</summary>
    public async Task KillAsync(CancellationToken cancel)
    {
        var lines = await File.ReadAllLinesAsync(Path.Combine(Data, "postmaster.pid"), cancel);
        using var postmaster = Process.GetProcessById(int.Parse(lines[0], CultureInfo.InvariantCulture));
        var children = Tree(postmaster.Id).Where(id => id != postmaster.Id).ToList();
        postmaster.Kill();
        foreach (var child in children)
        {
            await EndedAsync(child, cancel);
        }

        // A process that nobody waited for would count as a server that still runs.
        File.Delete(Path.Combine(Data, "postmaster.pid"));
        File.Delete($"{Socket}.lock");
    }

    /// <summary>Processor ticks of each of its processes, own and of children that have ended.</summary>
    public IEnumerable<(long Own, long Ended)> Processes()
    {
        var postmaster = int.Parse(File.ReadLines(Path.Combine(Data, "postmaster.pid")).First(), CultureInfo.InvariantCulture);
        foreach (var process in Tree(postmaster))
        {
            if (Stat(process) is { } fields)
            {
                long Ticks(int field) => long.Parse(fields[field], CultureInfo.InvariantCulture);
                yield return (Ticks(11) + Ticks(12), Ticks(13) + Ticks(14));
            }
        }
    }

    /// <summary>The postmaster and its children. They cannot be asked for by name: each puts what it does into its own.</summary>
    static IEnumerable<int> Tree(int postmaster) => Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) ? id : 0)
        .Where(id => id == postmaster || (id > 0 && Stat(id)?[1] == postmaster.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Fields from the third on: what stands behind the name. Null where there is no such process.</summary>
    static string[]? Stat(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }

    static async Task EndedAsync(int process, CancellationToken cancel)
    {
        try
        {
            using var child = Process.GetProcessById(process);
            await child.WaitForExitAsync(cancel);
        }
        catch (ArgumentException)
        {
            // It has ended already.
        }
    }

    public void Dispose()
    {
        if (_root is null)
        {
            return;
        }

        if (File.Exists(Path.Combine(Data, "postmaster.pid")))
        {
            StopAtOnce();
        }

        _root.Delete(recursive: true);
    }

    void Create()
    {
        if (Environment.IsPrivilegedProcess)
        {
            Execute("chown", [RunAs, _root!.FullName]);
        }

        Run("initdb", "-D", Data, "-U", RunAs, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-instructions");
    }

    string Run(string tool, params string[] arguments)
    {
        var command = Path.Combine(_bin, tool);
        return Environment.IsPrivilegedProcess
            ? Execute("setpriv", [$"--reuid={RunAs}", $"--regid={RunAs}", "--init-groups", command, .. arguments])
            : Execute(command, arguments);
    }

    string Execute(string file, IEnumerable<string> arguments)
    {
        // Output goes to a file: a pipe would stay open for as long as the server that pg_ctl leaves behind.
        var log = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"{_root!.Name}.log"));
        var quoted = string.Join(' ', arguments.Prepend(file).Select(a => $"'{a.Replace("'", "'\\''", StringComparison.Ordinal)}'"));
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"exec {quoted} </dev/null >'{log}' 2>&1"])
        {
            WorkingDirectory = _root.FullName,
        })!;
        process.WaitForExit();
        var said = File.ReadAllText(log);
        File.Delete(log);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{quoted} ended with {process.ExitCode}: {said}");
        }

        return said;
    }

    static string? Binaries()
    {
        var installed = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal).Select(v => Path.Combine(v, "bin"))
            : [];
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return installed.Concat(path).FirstOrDefault(directory => File.Exists(Path.Combine(directory, "initdb")));
    }
}
