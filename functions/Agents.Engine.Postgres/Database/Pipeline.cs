using Npgsql;

namespace Agents.Engine.Postgres.Database;

/// <summary>The statements of one group of writes, in order, each knowing whose it is and what to do with its answer.</summary>
internal sealed class Pipeline(Sql sql)
{
    int _slots;

    public sealed record Step(Call Call, Action<NpgsqlDataReader>? Read, IReadOnlyList<int> Writes);

    public List<Step> Steps { get; } = [];

    /// <summary>Whose statements come next; a fault of theirs is his.</summary>
    public int Write { get; set; }

    /// <summary>Ledger changes that the server skipped because their token was stale.</summary>
    public int Skipped { get; set; }

    /// <summary>A number that no other write of this transaction has.</summary>
    public int NextSlot() => ++_slots;

    public Call Call(string name) => new(sql, name);

    /// <summary>A statement without an answer.</summary>
    public void Add(Call call) => Steps.Add(new Step(call, null, [Write]));

    public void Add(Call call, Action<NpgsqlDataReader> read) => Steps.Add(new Step(call, read, [Write]));

    public void Add(Call call, Action<NpgsqlDataReader> read, IReadOnlyList<int> writes) =>
        Steps.Add(new Step(call, read, writes));
}
