using Agents.Engine.Postgres.Database;

namespace Agents.Engine.Postgres.Writes;

/// <summary>
/// The commit under whose fence a statement stands: it does something only where that commit, in this transaction, was
/// the one that passed the fence of its instance.
/// </summary>
internal sealed record Guard(long Instance, int Slot);

internal static class Guarded
{
    /// <summary>Binds @guard and @slot.</summary>
    public static Call Bind(this Call call, Guard? guard) => call.Bind(guard?.Instance).Bind(guard?.Slot);
}
