using System.Text.Json;
using System.Text.Json.Serialization;
using Agents.Engine.Store;
using Orleans;
using Orleans.Runtime;

namespace Agents.Cluster.Members;

/// <summary>
/// What Orleans keeps about a silo, as the store's row holds it. Readable JSON: an operator may look. Orleans' silo name
/// carries the node's session in the database, its role name the place of the node's folder.
/// </summary>
internal sealed record MemberBody(
    string Status, string HostName, string Session, string Place, DateTime Started, IReadOnlyList<Suspicion> Suspicions)
{
    public static MemberRow Row(MembershipEntry entry) => new(
        entry.SiloAddress.ToParsableString(),
        entry.Status == SiloStatus.Dead,
        new DateTimeOffset(DateTime.SpecifyKind(entry.IAmAliveTime, DateTimeKind.Utc)),
        JsonSerializer.SerializeToUtf8Bytes(
            new MemberBody(
                entry.Status.ToString(), entry.HostName ?? "", entry.SiloName ?? "", entry.RoleName ?? "", entry.StartTime,
                [.. (entry.SuspectTimes ?? []).Select(s => new Suspicion(s.Item1.ToParsableString(), s.Item2))]),
            MemberJson.Default.MemberBody));

    public static MembershipEntry Entry(MemberRow row)
    {
        var body = JsonSerializer.Deserialize(row.Body.Span, MemberJson.Default.MemberBody)
            ?? throw new InvalidDataException($"the row of node {row.Node} is empty");
        return new MembershipEntry
        {
            SiloAddress = SiloAddress.FromParsableString(row.Node),
            Status = Enum.Parse<SiloStatus>(body.Status),
            HostName = body.HostName,
            SiloName = body.Session,
            RoleName = body.Place,
            StartTime = body.Started,
            IAmAliveTime = row.AliveAt.UtcDateTime,
            SuspectTimes = [.. body.Suspicions.Select(s => Tuple.Create(SiloAddress.FromParsableString(s.By), s.At))],
        };
    }
}

internal sealed record Suspicion(string By, DateTime At);

[JsonSerializable(typeof(MemberBody))]
internal sealed partial class MemberJson : JsonSerializerContext;
