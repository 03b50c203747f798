using Agents.Engine.Sqlite.Database;

namespace Agents.Engine.Sqlite.Admin;

/// <summary>
/// Takes an instance out of the store. While a fork still shares its history it is only hidden; it goes with the last
/// of them, and the payloads of a lineage go with its last instance.
/// </summary>
internal static class Removal
{
    static readonly string[] s_own = ["RemoveInbox", "RemoveDedup", "RemoveTags", "RemoveLedger", "RemoveDeltas"];
    static readonly string[] s_shared = ["RemoveHistory", "RemoveExecutions", "RemoveInstance", "RemoveDetails"];

    /// <summary>True: gone. False: hidden, because of forks.</summary>
    public static bool Remove(Connection connection, long instance)
    {
        var lineage = connection.Get("LineageOf").Bind(instance).Scalar() ?? 0;
        foreach (var statement in s_own)
        {
            connection.Get(statement).Bind(instance).Execute();
        }

        if (connection.Get("HasFork").Bind(instance).Scalar() is not null)
        {
            connection.Get("HideInstance").Bind(instance).Execute();
            return false;
        }

        RemoveShared(connection, instance);
        while (connection.Get("HiddenWithoutFork").Bind(lineage).Scalar() is { } hidden)
        {
            RemoveShared(connection, hidden);
        }

        connection.Get("RemovePayloads").Bind(lineage).Execute();
        return true;
    }

    static void RemoveShared(Connection connection, long instance)
    {
        foreach (var statement in s_shared)
        {
            connection.Get(statement).Bind(instance).Execute();
        }
    }
}
