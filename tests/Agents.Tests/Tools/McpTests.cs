using Agents.Contracts.Effects;
using Agents.Contracts.Runs;
using Agents.TestKit.Mcp;
using Agents.Tools.Running;
using Xunit;

namespace Agents.Tests.Tools;

public sealed class McpTests
{
    // A server in a dozen lines of shell: enough of MCP to be listed and called, and to show its whole environment.
    const string ShellServer = """
        while IFS= read -r line; do
          id=$(printf '%s' "$line" | /bin/sed -n 's/.*"id":\([0-9]*\).*/\1/p')
          case "$line" in
            *'"initialize"'*) r='{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"sh","version":"1"}}' ;;
            *'"tools/list"'*) r='{"tools":[{"name":"env","inputSchema":{"type":"object"}},{"name":"die","inputSchema":{"type":"object"}}]}' ;;
            *'"name":"die"'*) exit 3 ;;
            *'"tools/call"'*) r='{"content":[{"type":"text","text":"'$(/usr/bin/env | /usr/bin/cut -d= -f1 | /usr/bin/sort | /usr/bin/tr '\n' ' ')$$'"}]}' ;;
            *) [ -n "$id" ] && printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"unknown"}}\n' "$id"; continue ;;
          esac
          [ -n "$id" ] && printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$r"
        done
        """;

    [Fact]
    public async Task Tools_are_listed_under_safe_names_and_hints_stay_hints()
    {
        await using var server = await McpTestServer.StartAsync();
        await using var bench = Bench(new McpServerSettings
        {
            Url = server.Url,
            Effects = new Dictionary<string, EffectClass> { ["note"] = EffectClass.Idempotent },
        });
        var resolved = await bench.ResolveAsync("files__*");
        Assert.Empty(resolved.Problems);
        var note = resolved.Tools.Single(t => t.SourceName == "note");
        Assert.Equal(("files__note", EffectClass.Idempotent, "mcp:files"), (note.Name, note.Effect, note.Source));
        var lookUp = resolved.Tools.Single(t => t.SourceName == "look.up");
        Assert.Matches("^files__look_up_[0-9a-f]{8}$", lookUp.Name);
        Assert.Equal(EffectClass.AtMostOnce, lookUp.Effect);
        Assert.Contains(resolved.Notes, n => n.Contains("look.up") && n.Contains("ReadOnly"));
        Assert.Contains(resolved.Tools, t => t.Name == "read_artifact");
    }

    [Fact]
    public async Task A_call_carries_the_key_and_an_error_is_for_the_model()
    {
        await using var server = await McpTestServer.StartAsync();
        await using var bench = Bench(new McpServerSettings { Url = server.Url });
        await bench.ResolveAsync("files__note", "files__refuse");
        Assert.Equal("noted hé", (await bench.ReplyAsync("files__note", """{"text":"hé"}""", "key-1")).Content);
        Assert.Equal("key-1", Assert.Single(server.Book.All).Key);
        Assert.Contains("not today", await bench.RefusalAsync("files__refuse", "{}"));
        Assert.IsType<ToolRun.NotStarted>(await bench.RunAsync("files__note", """{"text":"x"}""", "key-2", mayAct: () => false));
        Assert.Single(server.Book.All);
    }

    [Fact]
    public async Task An_unknown_tool_or_server_is_named_with_what_there_is()
    {
        await using var server = await McpTestServer.StartAsync();
        await using var bench = Bench(new McpServerSettings { Url = server.Url });
        var problem = Assert.Single((await bench.ResolveAsync("files__notes")).Problems);
        Assert.Equal("AG5001", problem.Code);
        Assert.Contains("files__note", problem.Message);
        Assert.Equal("AG5001", Assert.Single((await bench.ResolveAsync("other__note")).Problems).Code);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_a_fault_with_its_name()
    {
        await using var bench = Bench(new McpServerSettings { Command = "/nonexistent/server" });
        var problem = Assert.Single((await bench.ResolveAsync("files__*")).Problems);
        Assert.Equal("AG5009", problem.Code);
        Assert.Contains("'files'", problem.Message);
    }

    [Fact]
    public async Task A_stdio_server_sees_only_the_variables_it_was_given()
    {
        await using var bench = Bench(Shell());
        bench.Variables["OURS"] = "secret";
        var resolved = await bench.ResolveAsync("files__env");
        Assert.Empty(resolved.Problems);
        var names = (await bench.ReplyAsync("files__env", "{}")).Content.Split(' ');

        // PWD, SHLVL and _ are the shell's own.
        Assert.Equal(["GIVEN", "TOKEN"], names[..^1].Except(["PWD", "SHLVL", "_", "OLDPWD"]));
    }

    [Fact]
    public async Task A_server_that_died_in_a_call_is_in_doubt_and_started_anew_for_the_next()
    {
        await using var bench = Bench(Shell());
        bench.Variables["OURS"] = "secret";
        await bench.ResolveAsync("files__env", "files__die");
        var first = (await bench.ReplyAsync("files__env", "{}", "k1")).Content.Split(' ')[^1];
        Assert.Equal(first, (await bench.ReplyAsync("files__env", "{}", "k2")).Content.Split(' ')[^1]);
        Assert.IsType<ToolRun.InDoubt>(await bench.RunAsync("files__die", "{}", "k3"));
        Assert.NotEqual(first, (await bench.ReplyAsync("files__env", "{}", "k4")).Content.Split(' ')[^1]);
    }

    static McpServerSettings Shell() => new()
    {
        Command = "/bin/bash",
        Args = ["--noprofile", "--norc", "-c", ShellServer],
        Env = new Dictionary<string, string> { ["GIVEN"] = "1", ["TOKEN"] = "$OURS" },
        ProtocolVersion = "2025-11-25",
    };

    static ToolBench Bench(McpServerSettings server)
    {
        var bench = new ToolBench();
        bench.Settings = bench.Settings with
        {
            McpServers = new Dictionary<string, McpServerSettings> { ["files"] = server },
        };
        return bench;
    }
}
