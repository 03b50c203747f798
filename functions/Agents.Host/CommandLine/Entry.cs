using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
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

    /// <summary>SIGXFSZ, on Linux and macOS alike.</summary>
    const int FileSizeSignal = 25;

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
        using var fileSize = WithoutDyingOfFileSize();
        var shared = new SharedOptions();
        var root = Roots.Build(shared, (result, act) => GuardAsync(result, shared, act, stop.Token));
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0 && !parsed.Tokens.Any(t => t.Value is "--help" or "-h" or "-?"))
        {
            var where = parsed.CommandResult.Command is RootCommand ? "agents" : $"agents {parsed.CommandResult.Command.Name}";
            var near = parsed.CommandResult.Command is RootCommand && arguments.FirstOrDefault(a => !a.StartsWith('-')) is { } verb
                ? Spelling.Nearest(verb, root.Subcommands.Select(c => c.Name))
                : null;
            var option = parsed.UnmatchedTokens.FirstOrDefault(t => t.StartsWith("--", StringComparison.Ordinal) && t.Length > 2);
            var nearOption = option is null ? null : Spelling.Nearest(option, parsed.CommandResult.Command.Options.Select(o => o.Name));
            return Print(
                new RunFaultException(
                    Faults.Usage, option is null ? parsed.Errors[^1].Message.TrimEnd('.') : $"there is no option '{option}'", where,
                    near is not null ? $"did you mean 'agents {near}'?"
                    : nearOption is not null ? $"did you mean '{nearOption}'?"
                    : $"{where} --help shows what it takes"),
                shared.Json(parsed), verbose: false);
        }

        if (Empty(parsed) is { } empty)
        {
            return Print(
                new RunFaultException(Faults.Usage, "the value is empty", empty, "give one, or leave the option out"),
                shared.Json(parsed), verbose: false);
        }

        var code = await parsed.InvokeAsync(
            new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, CancellationToken.None);
        if (parsed.Action is HelpAction)
        {
            Console.Out.WriteLine(Examples.Of(parsed.CommandResult.Command is RootCommand ? null : parsed.CommandResult.Command.Name));
        }

        return code;
    }

    /// <summary>
    /// A file that reaches the limit of its size (ulimit -f) sends a signal that ends the process. Refused, the write fails
    /// like one on a full disk, and is treated as one.
    /// </summary>
    static PosixSignalRegistration? WithoutDyingOfFileSize() =>
        OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create((PosixSignal)FileSizeSignal, s => s.Cancel = true);

    /// <summary>What an empty value was given for: a variable that is not set, most of the time.</summary>
    static string? Empty(ParseResult parsed)
    {
        for (var i = 0; i < parsed.Tokens.Count; i++)
        {
            if (parsed.Tokens[i] is { Value: "", Type: TokenType.Argument })
            {
                return i > 0 ? parsed.Tokens[i - 1].Value : parsed.CommandResult.Command.Name;
            }
        }

        return null;
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
                Store = shared.Store(result),
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
