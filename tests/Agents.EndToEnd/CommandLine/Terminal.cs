using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Agents.Client.Remote;
using Agents.Client.Runs;
using Xunit;

namespace Agents.EndToEnd.CommandLine;

/// <summary>A folder with a few documents, a data directory, and commands run on them as a person would.</summary>
sealed class Terminal : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("agents-cli-").FullName;

    public Terminal(int files)
    {
        Directory.CreateDirectory(Root);
        for (var i = 0; i < files; i++)
        {
            File.WriteAllText(System.IO.Path.Combine(Root, $"page{i:00}.md"), $"# Page {i}\n\n[next](page{(i + 1) % files:00}.md) and [gone](gone{i}.md)\n");
        }

        File.WriteAllText(Job, """
            {
              "name": "digest",
              "goal": "Make a digest: for every file append one line to {out} with path, size and first heading.",
              "root": "root", "outFile": "digest.tsv",
              "tools": ["worklist_files", "worklist_next", "file_head", "append"],
              "limits": { "steps": 1000 }
            }
            """);
    }

    public string Root => System.IO.Path.Combine(_folder, "root");

    public string Data => System.IO.Path.Combine(_folder, "data");

    public string Job => System.IO.Path.Combine(_folder, "job.json");

    public string Out => System.IO.Path.Combine(_folder, "out", "mine.tsv");

    public void Write(string file, string text) => File.WriteAllText(Path(file), text);

    /// <summary>A file in the folder that commands are run in.</summary>
    public string Path(string file) => System.IO.Path.Combine(_folder, file);

    /// <summary>Starts `agents` and leaves it running.</summary>
    public Running Start(int delayMilliseconds, params string[] arguments) => StartIn(Data, delayMilliseconds, arguments);

    Running StartIn(string data, int delayMilliseconds, string[] arguments)
    {
        var start = new ProcessStartInfo(Programs.Agents, [.. arguments, "--data", data])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder,
        };
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0"; // it would make files of its own, which a size limit refuses
        start.Environment["AGENTS_SCRIPTED_DELAY_MS"] = delayMilliseconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return new Running(Process.Start(start)!);
    }

    /// <summary>As <see cref="RunAsync"/>, on another data directory.</summary>
    public async Task<Ended> RunInAsync(string data, params string[] arguments)
    {
        using var running = StartIn(data, 0, arguments);
        return await running.EndAsync();
    }

    /// <summary>Runs `agents` to its end.</summary>
    public async Task<Ended> RunAsync(params string[] arguments)
    {
        using var running = Start(0, arguments);
        return await running.EndAsync();
    }

    /// <summary>Waits for the host's socket, for the newest run, and until it has made so many tool calls.</summary>
    public async Task<string> UntilToolCallsAsync(int calls, CancellationToken cancel)
    {
        var socket = System.IO.Path.Combine(Data, "agents.sock");
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (await timer.WaitForNextTickAsync(cancel))
        {
            if (!File.Exists(socket))
            {
                continue;
            }

            try
            {
                using var api = HttpApi.OnSocket(socket);
                var client = new HttpRunClient(api);
                if ((await client.ListAsync(new RunFilter { PageSize = 1 }, cancel)).Runs is [var newest])
                {
                    var seen = 0;
                    await foreach (var e in client.StreamAsync(newest.Run, null, cancel))
                    {
                        if (e is RunEvent.ToolCall && ++seen >= calls)
                        {
                            return newest.Run;
                        }
                    }
                }
            }
            catch (RunFaultException)
            {
                // The host is not listening yet.
            }
        }

        throw new OperationCanceledException(cancel);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

sealed record Ended(int Code, string Out, string Errors)
{
    public JsonElement Last => JsonElement.Parse(Out.TrimEnd('\n').Split('\n')[^1]);
}

sealed class Running(Process process) : IDisposable
{
    const int Interrupt = 2;

    readonly StringBuilder _errorsRead = new();
    readonly StringBuilder _outputRead = new();

    public int Id => process.Id;

    public async Task<Ended> EndAsync()
    {
        var cancel = TestContext.Current.CancellationToken;
        var output = process.StandardOutput.ReadToEndAsync(cancel);
        var errors = process.StandardError.ReadToEndAsync(cancel);
        await process.WaitForExitAsync(cancel);
        return new Ended(process.ExitCode, _outputRead + await output, _errorsRead + await errors);
    }

    /// <summary>Waits until a line of the error stream holds <paramref name="text"/>, and returns it.</summary>
    public Task<string> UntilErrorAsync(string text, CancellationToken cancel) =>
        UntilAsync(process.StandardError, _errorsRead, text, cancel);

    /// <summary>As <see cref="UntilErrorAsync"/>, on the output stream.</summary>
    public Task<string> UntilOutputAsync(string text, CancellationToken cancel) =>
        UntilAsync(process.StandardOutput, _outputRead, text, cancel);

    static async Task<string> UntilAsync(StreamReader from, StringBuilder read, string text, CancellationToken cancel)
    {
        while (await from.ReadLineAsync(cancel) is { } line)
        {
            read.AppendLine(line);
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return line;
            }
        }

        throw new InvalidOperationException($"the process ended without saying '{text}': {read}");
    }

    /// <summary>What Ctrl-C sends.</summary>
    public void CtrlC() => Signal(process.Id, Interrupt);

    public void Kill() => process.Kill();

    [DllImport("libc", EntryPoint = "kill")]
    static extern int Signal(int process, int signal);

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }

        process.Dispose();
    }
}
