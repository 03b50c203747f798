using System.Collections.Concurrent;
using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;

namespace Agents.Bench.Stores;

/// <summary>
/// The statement that writes turns, bare: no engine, no loop, no encoding. Many loops, each waiting for its own turn, one
/// connection that puts all turns waiting into one call of the store's own function, in a schema of the store's own making.
/// </summary>
sealed class OwnStatementFloor : IDisposable
{
    const string Schema = "bare";
    const int Owner = 1;

    readonly NpgsqlConnection _connection;
    readonly NpgsqlCommand _fence;
    readonly byte[] _row;
    int _instances;

    /// <summary>The schema must be there: <see cref="SchemaOf"/> names it to the store.</summary>
    public OwnStatementFloor(string url, int bytes)
    {
        _connection = new NpgsqlConnection($"{url};Pooling=false;Write Buffer Size=131072");
        _connection.Open();
        _row = new byte[bytes];
        new Random(1).NextBytes(_row);
        _fence = new NpgsqlCommand(
            $"select {Schema}.fence($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)", _connection);
        NpgsqlDbType[] types =
        [
            NpgsqlDbType.Integer, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint,
            NpgsqlDbType.Integer, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint, NpgsqlDbType.Bytea, NpgsqlDbType.Integer,
            NpgsqlDbType.Boolean, NpgsqlDbType.Boolean, NpgsqlDbType.Bigint, NpgsqlDbType.Boolean, NpgsqlDbType.Bytea,
        ];
        _fence.Parameters.AddRange(types.Select(t => new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | t }).ToArray());
        _fence.Prepare();
    }

    public static string SchemaOf => Schema;

    /// <summary>Turns a second of <paramref name="loops"/> loops, each writing <paramref name="turnsEach"/> turns one after the other.</summary>
    public double PerSecond(int loops, int turnsEach)
    {
        var first = _instances;
        _instances += loops;
        using (var make = new NpgsqlCommand(
            $"insert into {Schema}.instances (key, next_seq, owner_epoch, last_commit, claims, updated_at, execution, status, owner) "
            + $"select i, 0, {Owner}, 0, 0, 0, i, 0, 'bench' from generate_series({first + 1}, {first + loops}) i", _connection))
        {
            make.ExecuteNonQuery();
        }

        using var waiting = new BlockingCollection<Turn>();
        var writer = new Thread(() => Write(waiting)) { IsBackground = true, Name = "floor writer" };
        writer.Start();
        var began = Stopwatch.GetTimestamp();
        Task.WaitAll([.. Enumerable.Range(first + 1, loops).Select(key => Task.Run(async () =>
        {
            for (var sequence = 0; sequence < turnsEach; sequence++)
            {
                var turn = new Turn(key, sequence);
                waiting.Add(turn);
                await turn.Durable.Task;
            }
        }))]);
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        waiting.CompleteAdding();
        writer.Join();
        return loops * turnsEach / seconds;
    }

    public void Dispose()
    {
        _fence.Dispose();
        _connection.Dispose();
    }

    void Write(BlockingCollection<Turn> waiting)
    {
        var batch = new List<Turn>();
        while (!waiting.IsCompleted)
        {
            batch.Clear();
            if (!waiting.TryTake(out var turn, Timeout.Infinite))
            {
                continue;
            }

            do
            {
                batch.Add(turn);
            }
            while (waiting.TryTake(out turn));

            batch.Sort((a, b) => a.Key.CompareTo(b.Key));
            Send(batch);
            batch.ForEach(t => t.Durable.SetResult());
        }
    }

    void Send(List<Turn> batch)
    {
        T[] Each<T>(Func<Turn, T> of) => [.. batch.Select(of)];
        object[] values =
        [
            Each(_ => 0), Each(t => t.Key), Each(t => t.Key), Each(_ => (long)Owner), Each(t => t.Sequence), Each(_ => 1),
            Each(t => t.Sequence), Each(t => t.Sequence), Each(_ => _row), Each(_ => (int?)null), Each(_ => false), Each(_ => false),
            Each(_ => (long?)null), Each(_ => false), Each(_ => (byte[]?)null),
        ];
        for (var i = 0; i < values.Length; i++)
        {
            _fence.Parameters[i].Value = values[i];
        }

        var passed = 0;
        using (var rows = _fence.ExecuteReader())
        {
            while (rows.Read())
            {
                passed++;
            }
        }

        if (passed != batch.Count)
        {
            throw new InvalidOperationException($"the fence let {passed} of {batch.Count} turns pass");
        }
    }

    sealed record Turn(long Key, long Sequence)
    {
        public TaskCompletionSource Durable { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
