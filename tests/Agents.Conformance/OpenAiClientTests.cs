using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace Agents.Conformance;

/// <summary>agents model serve, driven by the unmodified OpenAI client of npm, on a model of random weights.</summary>
public sealed class OpenAiClientTests
{
    static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_streams_with_tools()
    {
        var client = Path.Combine(Checkout.Project, "openai");
        await Tool.RunAsync("npm", s_limit, "--prefix", client, "ci", "--ignore-scripts", "--no-audit", "--no-fund");
        var folder = Directory.CreateTempSubdirectory("model-").FullName;
        var file = Path.Combine(folder, "random.gguf");
        try
        {
            await Tool.RunAsync(Checkout.Agents, s_limit, "model", "random", "--out", file);
            using var server = Serve(file);
            try
            {
                var line = await server.StandardOutput.ReadLineAsync(Cancel).AsTask().WaitAsync(s_limit, Cancel);
                Assert.False(string.IsNullOrEmpty(line), "the model server ended before it listened");
                using var started = JsonDocument.Parse(line);
                var said = await Tool.RunAsync("node", s_limit, Path.Combine(client, "drive.mjs"), started.RootElement.GetProperty("address").GetString()!);
                using var seen = JsonDocument.Parse(said);
                Check(seen.RootElement);
            }
            finally
            {
                server.Kill(entireProcessTree: true);
                await server.WaitForExitAsync(CancellationToken.None);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static Process Serve(string file) => Process.Start(
        new ProcessStartInfo(Checkout.Agents, ["model", "serve", "--model", file, "--port", "0", "--threads", "1", "--json"])
        {
            RedirectStandardOutput = true,
        })!;

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
