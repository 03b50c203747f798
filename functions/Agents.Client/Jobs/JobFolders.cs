using Agents.Client.Runs;

namespace Agents.Client.Jobs;

/// <summary>
/// Finds a job's folders. <paramref name="dataDirectory"/> receives the outputs of jobs that name no place;
/// <paramref name="guestRoot"/> is as far as a guest may reach.
/// </summary>
public sealed class JobFolders(string dataDirectory, string defaultRoot, string guestRoot)
{
    /// <summary>Absolute root, absolute output folder, and the name that {out} stands for.</summary>
    public (string Root, string Out, string? OutFile) Resolve(JobDraft draft, RunStart start, string run)
    {
        var o = start.Overrides;
        var from = o.BaseDirectory ?? defaultRoot;
        var root = Full(from, o.Root ?? draft.Root ?? ".");
        var where = o.Root is not null ? "--root" : draft.RootNode?.Where ?? "root";
        if (!Directory.Exists(root))
        {
            throw new RunFaultException(
                Faults.JobPath, File.Exists(root) ? $"'{root}' is a file, not a folder" : $"there is no folder '{root}'",
                where, "name an existing folder with \"root\" or --root");
        }

        if (start.Trust == JobTrust.Guest && !IsBelow(root, guestRoot))
        {
            throw new RunFaultException(
                Faults.GuestRefused, $"a job sent over TCP may only use folders below {guestRoot}", where,
                "start the host with --root, or start the job with `agents run`");
        }

        var (folder, file) = Output(o.Out, from, run);
        if (start.Trust == JobTrust.Guest && o.Out is not null && !IsBelow(folder, guestRoot))
        {
            throw new RunFaultException(
                Faults.GuestRefused, $"a job sent over TCP may only write below {guestRoot}", "out", "leave it out");
        }

        if (o.Out is not null)
        {
            OutputPlace.RefuseUnusable(folder, file);
        }

        return (root, folder, file ?? draft.OutFile);
    }

    (string Folder, string? File) Output(string? output, string from, string run)
    {
        if (output is null)
        {
            return (Path.Combine(dataDirectory, "out", run), null);
        }

        var path = Full(from, output);
        return output.EndsWith('/') || Directory.Exists(path)
            ? (path.TrimEnd('/'), null)
            : (Path.GetDirectoryName(path)!, Path.GetFileName(path));
    }

    static string Full(string from, string path) => Path.GetFullPath(path, Path.GetFullPath(from));

    static bool IsBelow(string path, string root)
    {
        var real = Real(path);
        var top = Real(root);
        return real == top || real.StartsWith(top.TrimEnd('/') + "/", StringComparison.Ordinal);
    }

    // A link below the root may lead out of it.
    static string Real(string path)
    {
        var at = Path.GetFullPath(path);
        var real = "/";
        foreach (var part in at.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            real = Path.Combine(real, part);
            if (new FileInfo(real).LinkTarget is not null)
            {
                real = Directory.ResolveLinkTarget(real, returnFinalTarget: true)?.FullName ?? real;
            }
        }

        return real;
    }
}
