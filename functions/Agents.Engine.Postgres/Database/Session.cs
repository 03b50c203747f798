using System.Data;
using Npgsql;

namespace Agents.Engine.Postgres.Database;

/// <summary>One borrowed connection, for as long as one transaction. Nothing is left on it: a pooler may hand out another.</summary>
internal sealed class Session(NpgsqlConnection connection, Sql sql)
{
    public Call Call(string name) => new(sql, name);

    public Task<NpgsqlTransaction> BeginAsync(IsolationLevel level, CancellationToken cancel) =>
        connection.BeginTransactionAsync(level, cancel).AsTask();

    /// <summary>Runs SQL of our own that takes no values.</summary>
    public async Task RunAsync(string text, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand(text, connection);
        await command.ExecuteNonQueryAsync(cancel);
    }

    public async Task<object?> ScalarAsync(string text, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand(text, connection);
        var value = await command.ExecuteScalarAsync(cancel);
        return value is DBNull ? null : value;
    }

    public async Task<List<T>> QueryAsync<T>(Call call, Func<NpgsqlDataReader, T> read, CancellationToken cancel)
    {
        var found = new List<T>();
        await using var batch = Batch(call);
        await using var rows = await batch.ExecuteReaderAsync(cancel);
        while (await rows.ReadAsync(cancel))
        {
            found.Add(read(rows));
        }

        return found;
    }

    /// <summary>Reads until <paramref name="read"/> has enough; the rest is not fetched into memory.</summary>
    public async Task QueryWhileAsync(Call call, Func<NpgsqlDataReader, bool> read, CancellationToken cancel)
    {
        await using var batch = Batch(call);
        await using var rows = await batch.ExecuteReaderAsync(cancel);
        while (await rows.ReadAsync(cancel) && read(rows))
        {
        }
    }

    /// <summary>Runs to the end; returns how many rows it changed.</summary>
    public async Task<int> ExecuteAsync(Call call, CancellationToken cancel)
    {
        await using var batch = Batch(call);
        return await batch.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>All statements of a pipeline in one round trip and one transaction: the server commits when it has them all. Blocks.</summary>
    public void Send(Pipeline pipeline)
    {
        using var batch = new NpgsqlBatch(connection);
        foreach (var step in pipeline.Steps)
        {
            batch.BatchCommands.Add(step.Call.Command);
        }

        using var rows = batch.ExecuteReader();
        foreach (var step in pipeline.Steps.Where(step => step.Read is not null))
        {
            while (rows.Read())
            {
                step.Read!(rows);
            }

            rows.NextResult();
        }

        // Statements that answer nothing come after the last that does: their errors are seen here.
        while (rows.NextResult())
        {
        }
    }

    NpgsqlBatch Batch(Call call)
    {
        var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(call.Command);
        return batch;
    }
}
