using System.Text.Json;
using Agents.Client.Jobs;
using Agents.Client.Runs;
using Agents.Contracts.Runs;
using Xunit;

namespace Agents.Tests.Client;

public sealed class JobReaderTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("agents-job-").FullName;
    readonly FakeShelves _shelves = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    Task<RunInput> ResolveAsync(string job, JobOverrides? overrides = null, JobTrust trust = JobTrust.Owner)
    {
        var reader = new JobReader(_shelves, _shelves, new JobFolders(Path.Combine(_folder, ".agents"), _folder, _folder));
        var start = new RunStart { Job = job, Overrides = overrides ?? new JobOverrides(), Trust = trust };
        return reader.ResolveAsync(JobDraft.Parse(job), start, "run1", TestContext.Current.CancellationToken);
    }

    async Task<RunFaultException> FaultAsync(string job, JobOverrides? overrides = null, JobTrust trust = JobTrust.Owner) =>
        await Assert.ThrowsAsync<RunFaultException>(() => ResolveAsync(job, overrides, trust));

    [Fact]
    public async Task Model_tools_and_folders_are_pinned()
    {
        var input = await ResolveAsync("""{ "goal": "write to {out}", "outFile": "o.txt", "tools": ["read"] }""");

        Assert.Equal("scripted", input.Model.Name);
        Assert.Equal(["read", "read_artifact"], input.Tools.Select(t => t.Name));
        Assert.Equal(_folder, input.ToolSettings.Root);
        Assert.Equal(Path.Combine(_folder, ".agents", "out", "run1"), input.ToolSettings.Out);
        Assert.Equal("write to o.txt", input.Goal);
    }

    [Fact]
    public async Task Out_as_a_file_gives_folder_and_name()
    {
        var input = await ResolveAsync(
            """{ "goal": "write to {out}", "outFile": "o.txt" }""", new JobOverrides { Out = Path.Combine(_folder, "x", "mine.txt") });

        Assert.Equal((Path.Combine(_folder, "x"), "mine.txt"), (input.ToolSettings.Out, input.ToolSettings.OutFile));
        Assert.Equal("write to mine.txt", input.Goal);
    }

    [Fact]
    public async Task Out_as_a_folder_keeps_the_jobs_name()
    {
        var input = await ResolveAsync(
            """{ "goal": "g", "outFile": "o.txt" }""", new JobOverrides { Out = Path.Combine(_folder, "x") + "/" });

        Assert.Equal((Path.Combine(_folder, "x"), "o.txt"), (input.ToolSettings.Out, input.ToolSettings.OutFile));
    }

    [Fact]
    public async Task A_relative_root_starts_at_the_job_file()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "jobs"));

        var input = await ResolveAsync(
            """{ "goal": "g", "root": ".." }""", new JobOverrides { BaseDirectory = Path.Combine(_folder, "jobs") });

        Assert.Equal(_folder, input.ToolSettings.Root);
    }

    [Fact]
    public async Task Tools_named_twice_are_refused_but_the_companion_is_not()
    {
        Assert.Equal(2, (await ResolveAsync("""{ "goal": "g", "tools": ["read", "read_artifact"] }""")).Tools.Count);

        var fault = await FaultAsync("""{ "goal": "g", "tools": ["read", "read"] }""");
        Assert.Equal(Faults.JobField, fault.Code);
        Assert.StartsWith("tools[1]", fault.Where, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_declared_server_brings_its_tools()
    {
        var input = await ResolveAsync("""{ "goal": "g", "mcpServers": { "files": { "command": "x" } } }""");

        Assert.Contains(input.Tools, t => t.Name == "files__read");
    }

    [Theory]
    [InlineData("""{ "goal": "g", "tools": ["raed"] }""", "AG5001", "tools[0] (line 1, column 26)")]
    [InlineData("""{ "goal": "g", "model": "kimi" }""", "AG4018", "model (line 1, column 25)")]
    [InlineData("""{ "goal": "g", "model": "keyed" }""", "AG4001", "model (line 1, column 25)")]
    [InlineData("""{ "goal": "g", "root": "nowhere" }""", "AG6014", "root (line 1, column 24)")]
    [InlineData("""{ "goal": "g", "model": { "name": "x", "colour": 1 } }""", "AG6011", "model")]
    public async Task What_cannot_be_resolved_is_told_with_its_place(string job, string code, string where)
    {
        var fault = await FaultAsync(job);

        Assert.Equal(code, fault.Code);
        Assert.StartsWith(where, fault.Where, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "goal": "g", "mcpServers": { "s": { "command": "rm" } } }""")]
    [InlineData("""{ "goal": "g", "model": { "name": "m", "model": "m", "baseUrl": "http://evil.example", "apiKeyEnv": "HOME" } }""")]
    [InlineData("""{ "goal": "g", "http": { "tools": { "t": { "url": "http://x", "headerEnv": { "a": "HOME" } } } } }""")]
    [InlineData("""{ "goal": "g", "root": "/" }""")]
    [InlineData("""{ "goal": "g", "root": ".." }""")]
    public async Task A_guest_may_not_reach_beyond_what_the_owner_set_up(string job)
    {
        var fault = await FaultAsync(job, trust: JobTrust.Guest);

        Assert.Equal(Faults.GuestRefused, fault.Code);
    }

    [Fact]
    public async Task A_guest_does_not_leave_the_root_by_a_link()
    {
        Directory.CreateSymbolicLink(Path.Combine(_folder, "link"), "/");

        var fault = await FaultAsync("""{ "goal": "g", "root": "link" }""", trust: JobTrust.Guest);

        Assert.Equal(Faults.GuestRefused, fault.Code);
    }

    [Fact]
    public async Task A_guest_may_not_name_an_address_beside_the_job()
    {
        var fault = await FaultAsync("""{ "goal": "g" }""", new JobOverrides { BaseUrl = "http://x/v1" }, JobTrust.Guest);

        Assert.Equal((Faults.GuestRefused, "baseUrl"), (fault.Code, fault.Where));
    }

    sealed class FakeShelves : IModelShelf, IToolShelf
    {
        static readonly JsonElement s_none = JsonElement.Parse("{}");

        public ModelProfile? Find(string name, out IReadOnlyList<string> near)
        {
            near = name == "kimi" ? ["kimi-k2"] : [];
            return name is "scripted" or "keyed" ? AtAddress(name, "http://scripted.invalid/v1", null) : null;
        }

        public ModelProfile AtAddress(string model, string baseUrl, string? apiKeyEnv) =>
            new() { Name = model, Model = model, BaseUrl = baseUrl, ApiKeyEnv = apiKeyEnv };

        public (string Code, string What)? Obstacle(ModelProfile profile) =>
            profile.Name == "keyed" ? ("AG4001", "KEY is not set") : null;

        public Task<ToolAnswer> ResolveAsync(JsonElement entry, ToolSettings settings, CancellationToken cancel)
        {
            var name = entry.GetString()!;
            ToolSpec Spec(string tool, string source = "builtin") => new() { Name = tool, Parameters = s_none, Source = source };
            return Task.FromResult(name switch
            {
                "read" => new ToolAnswer([Spec("read"), Spec("read_artifact")], null),
                "read_artifact" => new ToolAnswer([Spec("read_artifact")], null),
                "files__*" => new ToolAnswer([Spec("files__read", "mcp:files"), Spec("read_artifact")], null),
                _ => new ToolAnswer([], ("AG5001", $"no tool '{name}'")),
            });
        }
    }
}
