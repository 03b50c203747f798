using System.Collections.Concurrent;
using System.Diagnostics;
using Agents.Bench.Results;
using Agents.Bench.Stores;
using Microsoft.Data.Sqlite;

namespace Agents.Bench.Floors;

/// <summary>
/// What SQLite itself can do here: rows of the same size made durable by one prepared INSERT into a rowid table, WAL,
/// synchronous FULL, on the same disk. Alone: one row, one commit, one after the other. Together: many loops, each
/// waiting for its own row, one writer thread that puts all rows waiting into one transaction.
/// </summary>
sealed class SqliteFloor : IFloor
{
    readonly string _folder;
    readonly SqliteConnection _connection;
    readonly SqliteCommand _insert;
    readonly SqliteParameter _run, _step, _result;
    readonly byte[] _row;

    public SqliteFloor(string scratch, int bytes)
    {
        _folder = Directory.CreateDirectory(Path.Combine(scratch, $"floor-{Environment.ProcessId}")).FullName;
        _connection = new SqliteConnection($"Data Source={Path.Combine(_folder, "floor.db")};Pooling=False");
        _connection.Open();
        foreach (var sql in (string[])[
            "pragma page_size = 8192", "pragma journal_mode = wal", "pragma synchronous = full", "pragma cache_size = -65536",
            "create table steps (id integer primary key, run integer not null, step integer not null, result blob not null)"])
        {
            using var command = _connection.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }

        _insert = _connection.CreateCommand();
        _insert.CommandText = "insert into steps (run, step, result) values ($run, $step, $result)";
        _run = _insert.Parameters.Add("$run", SqliteType.Integer);
        _step = _insert.Parameters.Add("$step", SqliteType.Integer);
        _result = _insert.Parameters.Add("$result", SqliteType.Blob);
        _row = new byte[bytes];
        new Random(1).NextBytes(_row);
        _insert.Prepare();
    }

    /// <summary>Milliseconds of one single-row commit, one after the other.</summary>
    public Sample Single(int rows)
    {
        var taken = new List<double>(rows);
        for (var i = 0; i < rows; i++)
        {
            var began = Stopwatch.GetTimestamp();
            Insert(0, i);
            taken.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        return new Sample(taken);
    }

    /// <summary>Rows a second of <paramref name="loops"/> loops, each making <paramref name="rowsEach"/> rows durable in turn.</summary>
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
        _insert.Dispose();
        _connection.Dispose();
        Directory.Delete(_folder, recursive: true);
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

            using (var transaction = _connection.BeginTransaction())
            {
                _insert.Transaction = transaction;
                batch.ForEach(r => Insert(r.Run, r.Step));
                transaction.Commit();
            }

            _insert.Transaction = null;
            batch.ForEach(r => r.Durable.SetResult());
        }
    }

    void Insert(int run, int step)
    {
        _run.Value = run;
        _step.Value = step;
        _result.Value = _row;
        _insert.ExecuteNonQuery();
    }

    sealed record Row(int Run, int Step)
    {
        public TaskCompletionSource Durable { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
