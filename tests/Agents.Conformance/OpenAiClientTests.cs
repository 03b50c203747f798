using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace Agents.Conformance;

/// <summary>agents model serve, alone and behind a pool, driven by the unmodified OpenAI client of npm, on a model of random weights.</summary>
public sealed class OpenAiClientTests
{
    static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public Task It_streams_with_tools() => WithModelAsync(async (file, client) =>
    {
        using var server = Serve(file);
        try
        {
            await DriveAsync(client, (await SaidAsync(server)).GetProperty("address").GetString()!);
        }
        finally
        {
            await EndAsync(server);
        }
    });

    [Fact]
    public Task It_streams_with_tools_from_a_pool() => WithModelAsync(async (file, client) =>
    {
        using var pool = Start("pool", "--port", "0", "--json");
        Process? worker = null;
        try
        {
            var address = (await SaidAsync(pool)).GetProperty("address").GetString()!;
            worker = Start("model-worker", "--pool", address, "--model", file, "--name", "w", "--threads", "1", "--json");
            string said;
            do
            {
                said = (await SaidAsync(worker)).GetProperty("said").GetString()!;
            }
            while (!said.StartsWith("reports to pool", StringComparison.Ordinal));

            await DriveAsync(client, address + "/v1");
        }
        finally
        {
            if (worker is not null)
            {
                await EndAsync(worker);
                worker.Dispose();
            }

            await EndAsync(pool);
        }
    });

    static async Task WithModelAsync(Func<string, string, Task> drive)
    {
        var client = Path.Combine(Checkout.Project, "openai");
        await Tool.RunAsync("npm", s_limit, "--prefix", client, "ci", "--ignore-scripts", "--no-audit", "--no-fund");
        var folder = Directory.CreateTempSubdirectory("model-").FullName;
        var file = Path.Combine(folder, "random.gguf");
        try
        {
            await Tool.RunAsync(Checkout.Agents, s_limit, "model", "random", "--out", file);
            await drive(file, client);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static async Task DriveAsync(string client, string address)
    {
        var said = await Tool.RunAsync("node", s_limit, Path.Combine(client, "drive.mjs"), address);
        using var seen = JsonDocument.Parse(said);
        Check(seen.RootElement);
    }

    /// <summary>The next line of the program.</summary>
    static async Task<JsonElement> SaidAsync(Process program)
    {
        var line = await program.StandardOutput.ReadLineAsync(Cancel).AsTask().WaitAsync(s_limit, Cancel);
        Assert.False(string.IsNullOrEmpty(line), "the program ended before it said what it listens on");
        return JsonElement.Parse(line);
    }

    static async Task EndAsync(Process program)
    {
        program.Kill(entireProcessTree: true);
        await program.WaitForExitAsync(CancellationToken.None);
    }

    static Process Serve(string file) => Start("model", "serve", "--model", file, "--port", "0", "--threads", "1", "--json");

    static Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo(Checkout.Agents, arguments) { RedirectStandardOutput = true })!;

    static void Check(JsonElement seen)
    {
        Assert.Equal("random", seen.GetProperty("model").GetString());
        Assert.Equal(("get_weather", "functions.get_weather:0"), (seen.GetProperty("name").GetString(), seen.GetProperty("id").GetString()));
        CheckArguments(seen.GetProperty("arguments"));
        Assert.Equal("tool_calls", seen.GetProperty("finish").GetString());
        var usage = seen.GetProperty("usage");
        Assert.True(usage.GetProperty("completion_tokens").GetInt32() > 10 && usage.GetProperty("prompt_tokens").GetInt32() > 100);
        var second = seen.GetProperty("second");
        Assert.Equal("functions.get_weather:1", second.GetProperty("id").GetString());
        CheckArguments(second.GetProperty("arguments"));
        Assert.Equal((404, "NotFoundError"), (seen.GetProperty("refused").GetProperty("status").GetInt32(), seen.GetProperty("refused").GetProperty("kind").GetString()));
    }

    static void CheckArguments(JsonElement arguments)
    {
        Assert.InRange(arguments.GetProperty("days").GetInt32(), 1, 9);
        Assert.InRange(arguments.GetProperty("city").GetString()!.Length, 0, 8);
    }
}
