using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Agents.Conformance;

/// <summary>A program run to its end, with what it said.</summary>
static class Tool
{
    /// <summary>
    /// Runs it in the folder of the suite. Throws with a text for whoever runs the tests where it is absent, fails or
    /// takes longer than <paramref name="limit"/>.
    /// </summary>
    public static async Task<string> RunAsync(string program, TimeSpan limit, params string[] arguments)
    {
        var (output, errors, code) = await AttemptAsync(program, limit, arguments);
        return code == 0 ? output : throw new InvalidOperationException(
            $"'{program} {string.Join(' ', arguments)}' ended with {code} in {Checkout.Suite}:\n{Tail(errors)}\n{Tail(output)}");
    }

    public static async Task<(string Output, string Errors, int Code)> AttemptAsync(string program, TimeSpan limit, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Checkout.Suite,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        using var process = Begin(start);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        using var late = new CancellationTokenSource(limit);
        try
        {
            await process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return (await output, $"ended after {limit}: it took too long\n{await errors}", -1);
        }

        return (await output, await errors, process.ExitCode);
    }

    static Process Begin(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            throw new InvalidOperationException(
                $"'{start.FileName}' was not found: these tests drive the endpoint with the official JavaScript SDK. "
                + "Install Node.js 20 or later with npm (Debian: apt-get install nodejs npm).");
        }
    }

    public static string Tail(string text) => text.Length <= 3000 ? text : $"… {text[^3000..]}";
}
