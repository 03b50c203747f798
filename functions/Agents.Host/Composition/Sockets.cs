using System.Net.Sockets;
using System.Text;
using Agents.Client.Runs;

namespace Agents.Host.Composition;

/// <summary>The Unix sockets of a data directory.</summary>
static class Sockets
{
    const int PathBytesMax = 107;

    public static string OfHost(string dataDirectory) => Checked(Path.Combine(dataDirectory, "agents.sock"));

    public static string OfPool(string dataDirectory) => Checked(Path.Combine(dataDirectory, "pool.sock"));

    /// <summary>Those of the models that a host of the directory serves.</summary>
    public static ModelSockets OfModels(string dataDirectory) => new(OfModel(dataDirectory), OfEmbedded(dataDirectory), OfPool(dataDirectory));

    public static string OfModel(string dataDirectory) => Checked(Path.Combine(dataDirectory, "model.sock"));

    public static string OfEmbedded(string dataDirectory) => Checked(Path.Combine(dataDirectory, "embedded.sock"));

    /// <summary>Whether a process listens there now.</summary>
    public static async Task<bool> AnswersAsync(string path, CancellationToken cancel)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
            return true;
        }
        catch (SocketException)
        {
            return false; // left behind by a process that was killed
        }
    }

    // The kernel's bound; the runtime's own message does not say which path, nor what to do.
    public static string Checked(string path) => Encoding.UTF8.GetByteCount(path) <= PathBytesMax
        ? path
        : throw new RunFaultException(
            Faults.DataDirectory, $"the path is too long for a Unix socket ({PathBytesMax} bytes at most)", path,
            "choose a data directory with a shorter path: --data or AGENTS_DATA");
}
