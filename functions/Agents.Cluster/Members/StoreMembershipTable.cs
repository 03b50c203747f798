using System.Globalization;
using Agents.Engine.Store;
using Orleans;
using Orleans.Runtime;

namespace Agents.Cluster.Members;

/// <summary>Orleans' membership table on our own store.</summary>
internal sealed class StoreMembershipTable(IMemberStore store, string place) : IMembershipTable
{
    public Task InitializeMembershipTable(bool tryInitTableVersion) => Task.CompletedTask;

    public Task DeleteMembershipTableEntries(string clusterId) =>
        throw new NotSupportedException("the members of a store are forgotten one by one, when they are gone and old");

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => store.ForgetAsync(beforeDate, CancellationToken.None);

    public async Task<MembershipTableData> ReadRow(SiloAddress key)
    {
        var table = await store.ReadAsync(CancellationToken.None);
        var node = key.ToParsableString();
        return Data(table.Version, table.Rows.Where(r => r.Node == node));
    }

    public async Task<MembershipTableData> ReadAll()
    {
        var table = await store.ReadAsync(CancellationToken.None);
        return Data(table.Version, table.Rows);
    }

    // Orleans names the version that the table is to have; the store checks the one it must have had.
    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion)
    {
        entry.RoleName = place;   // Orleans adds only this node itself
        return store.WriteAsync(MemberBody.Row(entry), null, tableVersion.Version - 1, CancellationToken.None);
    }

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => store.WriteAsync(
        MemberBody.Row(entry), int.Parse(etag, CultureInfo.InvariantCulture), tableVersion.Version - 1, CancellationToken.None);

    public Task UpdateIAmAlive(MembershipEntry entry) => store.SayAliveAsync(
        entry.SiloAddress.ToParsableString(), new DateTimeOffset(DateTime.SpecifyKind(entry.IAmAliveTime, DateTimeKind.Utc)),
        CancellationToken.None);

    static MembershipTableData Data(int version, IEnumerable<MemberRow> rows) => new(
        rows.Select(r => Tuple.Create(MemberBody.Entry(r), r.Version.ToString(CultureInfo.InvariantCulture))).ToList(),
        new TableVersion(version, version.ToString(CultureInfo.InvariantCulture)));
}
