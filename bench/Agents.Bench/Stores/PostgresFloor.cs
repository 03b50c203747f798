using System.Collections.Concurrent;
using System.Diagnostics;
using Agents.Bench.Results;
using Npgsql;
using NpgsqlTypes;

namespace Agents.Bench.Stores;

/// <summary>
/// What PostgreSQL itself can do here: rows of the same size made durable by one prepared INSERT. Alone: one row, one
/// commit, one after the other. Together: many loops, each waiting for its own row, one connection that puts all rows
/// waiting into one INSERT from arrays.
/// </summary>
sealed class PostgresFloor : IFloor
{
    readonly NpgsqlConnection _connection;
    readonly NpgsqlCommand _one, _many;
    readonly byte[] _row;

    public PostgresFloor(string url, int bytes)
    {
        _connection = new NpgsqlConnection($"{url};Pooling=false");
        _connection.Open();
        using (var make = new NpgsqlCommand(
            "create schema floor; create table floor.steps (id bigint generated always as identity primary key, run integer not null, "
            + "step integer not null, result bytea not null); alter table floor.steps alter column result set storage external",
            _connection))
        {
            make.ExecuteNonQuery();
        }

        _row = new byte[bytes];
        new Random(1).NextBytes(_row);
        _one = new NpgsqlCommand("insert into floor.steps (run, step, result) values ($1, $2, $3)", _connection);
        _one.Parameters.AddRange((NpgsqlParameter[])[Of(NpgsqlDbType.Integer), Of(NpgsqlDbType.Integer), Of(NpgsqlDbType.Bytea)]);
        _many = new NpgsqlCommand("insert into floor.steps (run, step, result) select * from unnest($1, $2, $3)", _connection);
        _many.Parameters.AddRange((NpgsqlParameter[])[
            Of(NpgsqlDbType.Array | NpgsqlDbType.Integer), Of(NpgsqlDbType.Array | NpgsqlDbType.Integer),
            Of(NpgsqlDbType.Array | NpgsqlDbType.Bytea)]);
        _one.Prepare();
        _many.Prepare();
    }

    public Sample Single(int rows)
    {
        var taken = new List<double>(rows);
        for (var i = 0; i < rows; i++)
        {
            var began = Stopwatch.GetTimestamp();
            Fill(_one, 0, i, _row);
            _one.ExecuteNonQuery();
            taken.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        return new Sample(taken);
    }

    public double Batched(int loops, int rowsEach)
    {
        using var waiting = new BlockingCollection<Row>();
        var writer = new Thread(() => Write(waiting)) { IsBackground = true, Name = "floor writer" };
        writer.Start();
        var began = Stopwatch.GetTimestamp();
        var all = Enumerable.Range(0, loops).Select(run => Task.Run(async () =>
        {
            for (var step = 0; step < rowsEach; step++)
            {
                var row = new Row(run, step);
                waiting.Add(row);
                await row.Durable.Task;
            }
        })).ToArray();
        Task.WaitAll(all);
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        waiting.CompleteAdding();
        writer.Join();
        return loops * rowsEach / seconds;
    }

    public void Dispose()
    {
        _one.Dispose();
        _many.Dispose();
        _connection.Dispose();
    }

    void Write(BlockingCollection<Row> waiting)
    {
        var batch = new List<Row>();
        while (!waiting.IsCompleted)
        {
            batch.Clear();
            if (!waiting.TryTake(out var row, Timeout.Infinite))
            {
                continue;
            }

            do
            {
                batch.Add(row);
            }
            while (waiting.TryTake(out row));

            Fill(_many, batch.Select(r => r.Run).ToArray(), batch.Select(r => r.Step).ToArray(), batch.Select(_ => _row).ToArray());
            _many.ExecuteNonQuery();
            batch.ForEach(r => r.Durable.SetResult());
        }
    }

    static NpgsqlParameter Of(NpgsqlDbType type) => new() { NpgsqlDbType = type };

    static void Fill(NpgsqlCommand command, params object[] values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i];
        }
    }

    sealed record Row(int Run, int Step)
    {
        public TaskCompletionSource Durable { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
