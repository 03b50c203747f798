using System.Text.Json;
using System.Text.RegularExpressions;
using Agents.EndToEnd.CommandLine;
using Agents.TestKit.Models;
using Xunit;

namespace Agents.EndToEnd.BadInput;

/// <summary>A model that asks for what it should not have: every answer goes back to it, and the run goes on.</summary>
public sealed partial class BadFileTests
{
    const long HugeBytes = 600L << 20;

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("read_file", """{"path":"binary.bin"}""", "binary")]
    [InlineData("read_file", """{"path":"empty.txt"}""", "\"text\":\"\"")]
    [InlineData("read_file", """{"path":"vanishes.txt"}""", "'vanishes.txt' was not found")]
    [InlineData("read_file", """{"path":"link.txt"}""", "link")]
    [InlineData("read_file", """{"path":"linked/secret.txt"}""", "link")]
    [InlineData("read_file", """{"path":"../secret.txt"}""", "..")]
    [InlineData("read_file", """{"path":"/etc/passwd"}""", "relative")]
    [InlineData("read_file", """{"path":"folder"}""", "folder")]
    [InlineData("read_file", """{"path":3}""", "path")]
    [InlineData("read_file", """{"path":"page00.md","offset":-1}""", "offset")]
    [InlineData("read_file", """{"path":""", "JSON")]
    [InlineData("read_fiel", """{"path":"page00.md"}""", "read_file")]
    [InlineData("append", """{"path":"../out.txt","line":"x"}""", "..")]
    public async Task What_a_tool_cannot_do_is_told_to_the_model(string tool, string arguments, string told)
    {
        using var terminal = Folder();
        await using var model = await FakeModelServer.StartAsync(Cancel);
        model.Otherwise = request =>
        {
            var results = Results(request);
            if (results.Count == 1)
            {
                File.Delete(Path.Combine(terminal.Root, "vanishes.txt")); // it was on the list
            }

            return results.Count switch
            {
                0 => FakeReply.Calls(("list_files", "{}")),
                1 => FakeReply.Calls((tool, arguments)),
                2 => FakeReply.Calls(("read_file", """{"path":"page00.md"}""")),
                _ => FakeReply.Answer("done"),
            };
        };

        var ended = await terminal.RunAsync(Arguments(terminal, model));

        Assert.Equal((0, "completed"), (ended.Code, ended.Last.GetProperty("status").GetString()));
        var results = Results(model.Requests[^1]);
        Assert.Equal(3, results.Count);
        Assert.Contains(told, results[1], StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("top secret", results[1], StringComparison.Ordinal);
        Assert.Contains("# Page 0", results[2], StringComparison.Ordinal);
        Assert.False(File.Exists(terminal.Path("out.txt")));
    }

    [Fact]
    public async Task A_huge_file_is_read_in_pieces_and_never_held()
    {
        using var terminal = Folder();
        using (var huge = File.Create(Path.Combine(terminal.Root, "huge.txt")))
        {
            huge.Write("# the beginning\n"u8);
            huge.SetLength(HugeBytes); // sparse: zeros that take no room
        }

        await using var model = await FakeModelServer.StartAsync(Cancel);
        Running? running = null;
        var memory = 0L;
        model.Otherwise = request =>
        {
            memory = running is null ? 0 : PeakBytes(running.Id);
            return Results(request).Count switch
            {
                0 => FakeReply.Calls(("list_files", "{}")),
                1 => FakeReply.Calls(("read_file", """{"path":"huge.txt"}""")),
                2 => FakeReply.Calls(("search_files", """{"query":"the beginning"}""")),
                _ => FakeReply.Answer("done"),
            };
        };
        running = terminal.Start(0, Arguments(terminal, model));
        using var _ = running;
        var ended = await running.EndAsync();

        Assert.Equal((0, "completed"), (ended.Code, ended.Last.GetProperty("status").GetString()));
        Assert.InRange(memory, 1, HugeBytes / 2);
        Assert.All(Results(model.Requests[^1]), r => Assert.InRange(r.Length, 1, 200_000));
    }

    static string[] Arguments(Terminal terminal, FakeModelServer model) =>
        ["run", "--job", terminal.Path("files.json"), "--model", "fake", "--base-url", model.BaseUrl, "--json"];

    static Terminal Folder()
    {
        var terminal = new Terminal(files: 1);
        terminal.Write("secret.txt", "top secret");
        terminal.Write("files.json", """
            { "goal": "read files", "root": "root", "tools": ["list_files", "read_file", "search_files", "append"], "limits": { "steps": 20 } }
            """);
        File.WriteAllBytes(Path.Combine(terminal.Root, "binary.bin"), [0x7F, 0x45, 0x4C, 0x46, 0, 1, 2, 0xFF, 0xFE, 0]);
        File.WriteAllText(Path.Combine(terminal.Root, "empty.txt"), "");
        File.WriteAllText(Path.Combine(terminal.Root, "vanishes.txt"), "soon gone");
        File.CreateSymbolicLink(Path.Combine(terminal.Root, "link.txt"), terminal.Path("secret.txt"));
        Directory.CreateSymbolicLink(Path.Combine(terminal.Root, "linked"), Path.GetDirectoryName(terminal.Root)!);
        Directory.CreateDirectory(Path.Combine(terminal.Root, "folder"));
        return terminal;
    }

    static List<string> Results(CapturedRequest request)
    {
        using var body = JsonDocument.Parse(request.Body);
        return
        [
            .. body.RootElement.GetProperty("messages").EnumerateArray()
                .Where(m => m.GetProperty("role").GetString() == "tool").Select(m => m.GetProperty("content").ToString()),
        ];
    }

    static long PeakBytes(int process) =>
        long.Parse(Peak().Match(File.ReadAllText($"/proc/{process}/status")).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture) << 10;

    [GeneratedRegex(@"VmHWM:\s+(\d+) kB")]
    private static partial Regex Peak();
}
