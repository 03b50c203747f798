using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using Agents.Client;
using Agents.Client.Jobs;
using Agents.Client.Runs;
using Agents.Host.Composition;
using Agents.Host.Terminal;
using Agents.Host.Verbs;
using Spectre.Console;

namespace Agents.Host.CommandLine;

/// <summary>Runs one command line: signals, errors and exit codes are handled here and nowhere else.</summary>
static class Entry
{
    const int RedirectedWidth = 400;

    public static async Task<int> RunAsync(string[] arguments)
    {
        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = RedirectedWidth; // nobody wraps a pipe
        }

        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, s => Stop(s, stop));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, s => Stop(s, stop));
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, s => Stop(s, stop));
        var shared = new SharedOptions();
        var root = Roots.Build(shared, (result, act) => GuardAsync(result, shared, act, stop.Token));
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0 && !parsed.Tokens.Any(t => t.Value is "--help" or "-h" or "-?"))
        {
            var where = parsed.CommandResult.Command is RootCommand ? "agents" : $"agents {parsed.CommandResult.Command.Name}";
            var near = parsed.CommandResult.Command is RootCommand && arguments.FirstOrDefault(a => !a.StartsWith('-')) is { } verb
                ? Spelling.Nearest(verb, root.Subcommands.Select(c => c.Name))
                : null;
            return Print(
                new RunFaultException(
                    Faults.Usage, parsed.Errors[^1].Message.TrimEnd('.'), where,
                    near is null ? $"{where} --help shows what it takes" : $"did you mean 'agents {near}'?"),
                shared.Json(parsed), verbose: false);
        }

        return await parsed.InvokeAsync(
            new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, CancellationToken.None);
    }

    static void Stop(PosixSignalContext signal, CancellationTokenSource stop)
    {
        if (stop.IsCancellationRequested)
        {
            Environment.Exit(ExitCodes.Interrupted); // asked twice: leave at once, as a crash would
        }

        signal.Cancel = true;
        stop.Cancel();
    }

    static async Task<int> GuardAsync(
        ParseResult result, SharedOptions shared, Func<VerbContext, Task<int>> act, CancellationToken stop)
    {
        var json = shared.Json(result);
        var verbose = shared.Verbose(result);
        try
        {
            return await act(new VerbContext
            {
                DataDirectory = shared.DataDirectory(result),
                Json = json,
                Verbose = verbose,
                Stop = stop,
                Log = new ErrorStreamLog(verbose),
            });
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return ExitCodes.Unfinished;
        }
        catch (Exception e)
        {
            return Print(e as RunFaultException ?? Door.Coded(e, Faults.Unexpected, null), json, verbose);
        }
    }

    static int Print(RunFaultException e, bool json, bool verbose)
    {
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(
                new ErrorLine(new Problem
                {
                    Type = $"docs/errors/{e.Code}.md", Title = "failed", Status = ExitCodes.Of(e.Code), Detail = e.What, Code = e.Code,
                    Where = e.Where, WhatToDo = e.WhatToDo,
                }),
                HostJson.Plain.ErrorLine));
        }

        Console.Error.WriteLine($"{e.Code}: {e.What}");
        if (e.Where is { } where)
        {
            Console.Error.WriteLine($"  where: {where}");
        }

        Console.Error.WriteLine($"  what to do: {e.WhatToDo ?? $"see docs/errors/{e.Code}.md"}");
        if (verbose)
        {
            Console.Error.WriteLine(e);
        }

        return ExitCodes.Of(e.Code);
    }
}
