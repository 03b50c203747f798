using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Agents.TestKit.Postgres;

/// <summary>PgBouncer in transaction mode before a private server, on a loopback port; ended when this object goes.</summary>
public sealed class PgBouncer : IDisposable
{
    const string RunAs = "postgres";

    readonly DirectoryInfo _folder;
    readonly Process _process;

    PgBouncer(DirectoryInfo folder, Process process, int port)
    {
        _folder = folder;
        _process = process;
        Url = $"Host=127.0.0.1;Port={port};Username={RunAs};Database={RunAs}";
    }

    /// <summary>As the store takes it.</summary>
    public string Url { get; }

    /// <summary>Processor time it has used; what it is started through becomes it.</summary>
    public double CpuSeconds
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime.TotalSeconds;
        }
    }

    /// <summary>Null with a reason where it is not installed; with CI=true that is an error.</summary>
    public static PgBouncer? Start(PostgresServer server, out string reason)
    {
        reason = "";
        var program = new[] { "/usr/sbin/pgbouncer", "/usr/bin/pgbouncer" }.FirstOrDefault(File.Exists);
        if (program is null)
        {
            reason = "PgBouncer is not installed: install Debian's package pgbouncer.";
            return Environment.GetEnvironmentVariable("CI") == "true" ? throw new InvalidOperationException(reason) : null;
        }

        var folder = Directory.CreateTempSubdirectory("agents-pgbouncer-");
        var port = FreePort();
        var settings = Path.Combine(folder.FullName, "pgbouncer.ini");
        File.WriteAllText(settings, $"""
            [databases]
            * = host={Path.GetDirectoryName(server.Socket)} port=5432 user={RunAs}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = any
            pool_mode = transaction
            default_pool_size = 8
            max_client_conn = 200
            """);
        if (!OperatingSystem.IsWindows())
        {
            folder.UnixFileMode |= UnixFileMode.OtherRead | UnixFileMode.OtherExecute;   // it runs as another user
        }

        string[] command = Environment.IsPrivilegedProcess
            ? ["setpriv", $"--reuid={RunAs}", $"--regid={RunAs}", "--init-groups", program, "-q", settings]
            : [program, "-q", settings];
        return new PgBouncer(folder, Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true })!, port);
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    static int FreePort()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)listener.LocalEndPoint!).Port;
    }
}
