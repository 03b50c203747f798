using Agents.Engine.Postgres.Database;
using Agents.Engine.Store;
using Npgsql;

namespace Agents.Engine.Postgres.Membership;

/// <summary>The nodes of the cluster, in the same schema as what they run.</summary>
internal sealed class MemberRows(Database.Database database) : IMemberStore
{
    public string Session => database.Session;

    public Task<MemberTable> ReadAsync(CancellationToken cancel) => database.ReadAsync(
        async session =>
        {
            var rows = await session.QueryAsync(session.Call("ReadMembers"), row => (Version: row.Int(0), Member: Member(row)), cancel);
            return new MemberTable(rows[0].Version, [.. rows.Where(r => r.Member is not null).Select(r => r.Member!)]);
        },
        cancel);

    public Task<bool> WriteAsync(MemberRow row, int? replaces, int tableVersion, CancellationToken cancel) => database.TransactAsync(
        async session => await session.ExecuteAsync(
            session.Call("WriteMember").Bind(tableVersion).Bind(row.Node).Bind(replaces ?? 0).Bind(row.Gone).Bind(row.AliveAt)
                .Bind(row.Body),
            cancel) == 1,
        cancel);

    // One statement is its own transaction: no begin and commit around what every idle node says.
    public Task SayAliveAsync(string node, DateTimeOffset at, CancellationToken cancel) => database.ReadAsync(
        session => session.ExecuteAsync(session.Call("SayAlive").Bind(at).Bind(node), cancel), cancel);

    public Task EndSessionAsync(string session, CancellationToken cancel) => database.ReadAsync(
        s => s.ExecuteAsync(s.Call("EndSession").Bind(session), cancel), cancel);

    public Task<bool> HasWorkAsync(string node, DateTimeOffset now, CancellationToken cancel) => database.ReadAsync(
        async session => (await session.QueryAsync(
            session.Call("HasWork").Bind(now).Bind(node), row => row.GetBoolean(0), cancel))[0],
        cancel);

    public Task<int> ForgetAsync(DateTimeOffset before, CancellationToken cancel) => database.TransactAsync(
        session => session.ExecuteAsync(session.Call("ForgetMembers").Bind(before), cancel), cancel);

    static MemberRow? Member(NpgsqlDataReader row) => row.IsDBNull(1)
        ? null
        : new MemberRow(row.Text(1), row.GetBoolean(2), row.Time(3), row.Bytes(4), row.Int(5));
}
