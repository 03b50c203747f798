using Agents.Contracts.Client;
using Agents.Contracts.History;
using Agents.Engine.History;
using Agents.Engine.Sqlite;
using Agents.Engine.Store;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Agents.StoreContract;

/// <summary>What concerns the file itself: who may hold it, who may read it, and what is said when it is not as it should be.</summary>
public sealed class SqliteFileTests : IDisposable
{
    readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("agents-file-");
    readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    string Data => Path.Combine(_root.FullName, "data");

    string Database => Path.Combine(Data, "agents.db");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task A_second_host_is_told_who_holds_the_directory()
    {
        await using var store = Open();
        var held = Assert.Throws<DataDirectoryInUseException>(() => Open());
        Assert.Equal((Data, Environment.ProcessId), (held.DataDirectory, held.ProcessId));
        Assert.Contains($"AG1101: {Data} is hosted by process {Environment.ProcessId}", held.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Closing_gives_the_directory_up()
    {
        await Open().DisposeAsync();
        await using var again = Open();
        Assert.Empty((await again.Queries.QueryAsync(new InstanceQuery(), Cancel)).Items);
    }

    [Fact]
    public async Task Only_the_owner_may_read()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Unix file modes");
            return;
        }

        Directory.CreateDirectory(Data);
        File.SetUnixFileMode(Data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead);
        await using var store = Open();
        await StartAsync(store, "a");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Data));
        foreach (var file in Directory.GetFiles(Data))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }

        Assert.True(File.Exists($"{Database}-wal"));
    }

    [Fact]
    public void A_file_that_is_no_database_is_named()
    {
        Directory.CreateDirectory(Data);
        File.WriteAllText(Database, new string('x', 20_000));
        var fault = Assert.Throws<StoreUnavailableException>(() => Open());
        Assert.Contains("AG1103", fault.Message, StringComparison.Ordinal);
        Assert.Contains(Database, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_page_is_a_clear_error()
    {
        await using (var store = Open())
        {
            for (var i = 0; i < 200; i++)
            {
                await StartAsync(store, $"run {i}");
            }
        }

        using (var file = File.OpenWrite(Database))
        {
            file.Position = 8192;
            file.Write(Enumerable.Repeat((byte)0xAB, (int)file.Length - 8192).ToArray());
        }

        var fault = await Assert.ThrowsAsync<StoreUnavailableException>(async () =>
        {
            await using var store = Open();
            await store.Queries.FindAsync("run 7", Cancel);
        });
        Assert.Contains("AG1103", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_newer_schema_is_refused_and_left_alone()
    {
        await Open().DisposeAsync();
        PatchHeader(60, [0, 0, 0, 99]);   // user_version
        var fault = Assert.Throws<StoreUnavailableException>(() => Open());
        Assert.Contains("AG1106", fault.Message, StringComparison.Ordinal);
        Assert.Contains("schema 99", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_of_another_program_is_refused()
    {
        await Open().DisposeAsync();
        PatchHeader(68, [1, 2, 3, 4]);   // application_id
        Assert.Contains("another program", Assert.Throws<StoreUnavailableException>(() => Open()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_that_cannot_be_made_is_named()
    {
        File.WriteAllText(Data, "a file stands in the way");
        var fault = Assert.Throws<StoreUnavailableException>(() => Open());
        Assert.Contains("AG1105", fault.Message, StringComparison.Ordinal);
        Assert.Contains(Data, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_store_says_so_and_keeps_what_it_accepted()
    {
        var accepted = new List<string>();
        await using (var store = Open(new SqliteOptions { FileBytesMax = 1 << 20 }))
        {
            var fault = await Assert.ThrowsAsync<StoreUnavailableException>(async () =>
            {
                for (var i = 0; i < 10_000; i++)
                {
                    await StartAsync(store, $"run {i}");
                    accepted.Add($"run {i}");
                }
            });
            Assert.Contains("AG1102: no space left", fault.Message, StringComparison.Ordinal);
            Assert.Empty(await store.Admin.VerifyAsync(Cancel));
        }

        await using var roomier = Open();
        Assert.NotEmpty(accepted);
        foreach (var id in accepted)
        {
            Assert.NotNull(await roomier.Queries.FindAsync(id, Cancel));
        }

        await StartAsync(roomier, "one more");
    }

    [Fact]
    public async Task A_copy_of_file_and_log_taken_at_any_time_holds_every_acknowledged_write()
    {
        var copy = Path.Combine(_root.FullName, "copy");
        await using (var store = Open())
        {
            await StartAsync(store, "a");
            Directory.CreateDirectory(copy);
            foreach (var file in new[] { "agents.db", "agents.db-wal" })
            {
                File.Copy(Path.Combine(Data, file), Path.Combine(copy, file));
            }
        }

        await using var survivor = SqliteStore.Open(copy, new SqliteOptions(), _clock);
        Assert.NotNull(await survivor.Queries.FindAsync("a", Cancel));
        Assert.Empty(await survivor.Admin.VerifyAsync(Cancel));
    }

    [Fact]
    public async Task Work_after_closing_is_refused()
    {
        var store = Open();
        await store.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => StartAsync(store, "a"));
        await store.DisposeAsync();
    }

    SqliteStore Open(SqliteOptions? options = null) => SqliteStore.Open(Data, options ?? new SqliteOptions(), _clock);

    void PatchHeader(int at, ReadOnlySpan<byte> bytes)
    {
        using var file = File.OpenWrite(Database);
        file.Position = at;
        file.Write(bytes);
    }

    async Task StartAsync(SqliteStore store, string id)
    {
        var started = new ExecutionStarted { Name = "N", InstanceId = id, ExecutionId = "x", Input = new string('i', 2000) };
        var outcomes = await store.Writes.WriteAsync(
            [
                new InstanceStart
                {
                    InstanceId = id,
                    ExecutionId = "x",
                    Name = "N",
                    RequestDigest = "d",
                    Now = _clock.GetUtcNow(),
                    Inbox = [new InboxMessage(InboxKind.HistoryEvent, HistoryCodec.EncodeOne(started))],
                },
            ],
            Cancel);
        Assert.Equal(StartOutcome.Started, Assert.IsType<WriteOutcome.Started>(Assert.Single(outcomes)).Outcome);
    }
}
