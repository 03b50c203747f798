namespace Agents.Engine.Store;

/// <summary>
/// What a cluster keeps about its nodes. The table has one version that every change raises, so that of two nodes that
/// change it at once one is refused and looks again; saying "I am alive" changes no version.
/// </summary>
public interface IMemberStore
{
    /// <summary>What the database knows this process's connections by; kept with the member's row.</summary>
    string Session { get; }

    Task<MemberTable> ReadAsync(CancellationToken cancel);

    /// <summary>
    /// Adds the row (<paramref name="replaces"/> null) or puts it in place of the version named. False, and nothing is
    /// written, when the table is not at <paramref name="tableVersion"/> or the row is not as expected.
    /// </summary>
    Task<bool> WriteAsync(MemberRow row, int? replaces, int tableVersion, CancellationToken cancel);

    /// <summary>Unknown nodes are ignored.</summary>
    Task SayAliveAsync(string node, DateTimeOffset at, CancellationToken cancel);

    /// <summary>
    /// Ends what a gone node left open in the database: one that stands still in the middle of a transaction holds what it
    /// has locked, and with it the instances that others are to take over.
    /// </summary>
    Task EndSessionAsync(string session, CancellationToken cancel);

    /// <summary>
    /// Whether there is a visible message for an instance of <paramref name="node"/>, or anything to do for one that nobody
    /// owns. Processes that are no nodes write to the store and tell nobody.
    /// </summary>
    Task<bool> HasWorkAsync(string node, DateTimeOffset now, CancellationToken cancel);

    /// <summary>Removes gone nodes last heard of before <paramref name="before"/>; returns how many.</summary>
    Task<int> ForgetAsync(DateTimeOffset before, CancellationToken cancel);
}

/// <summary>All rows at one moment. <paramref name="Version"/> is 0 before the first change.</summary>
public sealed record MemberTable(int Version, IReadOnlyList<MemberRow> Rows);

/// <summary>
/// One node that is or was. <paramref name="Version"/> counts the changes of this row from 1; the store sets it.
/// <paramref name="Body"/> is the membership protocol's own.
/// </summary>
public sealed record MemberRow(string Node, bool Gone, DateTimeOffset AliveAt, ReadOnlyMemory<byte> Body, int Version = 0);
