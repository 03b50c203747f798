using Agents.Engine.History;
using Npgsql;
using NpgsqlTypes;

namespace Agents.Engine.Postgres.Database;

/// <summary>
/// One statement with its values, bound in the order in which the SQL first names them. Text goes in and out as bytes, so
/// that a NUL or half a character survives.
/// </summary>
internal sealed class Call(Sql sql, string name)
{
    public string Name => name;

    public NpgsqlBatchCommand Command { get; } = new(sql.Load(name));

    public Call Bind(long value) => Add(NpgsqlDbType.Bigint, value);

    public Call Bind(long? value) => Add(NpgsqlDbType.Bigint, value);

    public Call Bind(int value) => Add(NpgsqlDbType.Integer, value);

    public Call Bind(int? value) => Add(NpgsqlDbType.Integer, value);

    public Call Bind(bool value) => Add(NpgsqlDbType.Boolean, value);

    public Call Bind(bool? value) => Add(NpgsqlDbType.Boolean, value);

    public Call Bind(DateTimeOffset value) => Bind(value.UtcTicks);

    public Call Bind(DateTimeOffset? value) => Bind(value?.UtcTicks);

    public Call Bind(string? value) => Add(NpgsqlDbType.Bytea, value is null ? null : LosslessUtf8.Encode(value));

    /// <summary>A name of the server's own catalogue, which is text there.</summary>
    public Call BindName(string value) => Add(NpgsqlDbType.Text, value);

    public Call Bind(ReadOnlyMemory<byte> value) => Add(NpgsqlDbType.Bytea, value);

    public Call Bind(byte[]? value) => Add(NpgsqlDbType.Bytea, value);

    public Call Bind(IEnumerable<long> values) => Add(NpgsqlDbType.Array | NpgsqlDbType.Bigint, values.ToArray());

    public Call Bind(IEnumerable<long?> values) => Add(NpgsqlDbType.Array | NpgsqlDbType.Bigint, values.ToArray());

    public Call Bind(IEnumerable<int> values) => Add(NpgsqlDbType.Array | NpgsqlDbType.Integer, values.ToArray());

    public Call Bind(IEnumerable<int?> values) => Add(NpgsqlDbType.Array | NpgsqlDbType.Integer, values.ToArray());

    public Call Bind(IEnumerable<bool> values) => Add(NpgsqlDbType.Array | NpgsqlDbType.Boolean, values.ToArray());

    public Call Bind(IEnumerable<string?> values) => Add(
        NpgsqlDbType.Array | NpgsqlDbType.Bytea, values.Select(v => v is null ? null : LosslessUtf8.Encode(v)).ToArray());

    public Call Bind(IEnumerable<ReadOnlyMemory<byte>> values) =>
        Add(NpgsqlDbType.Array | NpgsqlDbType.Bytea, values.ToArray());

    Call Add(NpgsqlDbType type, object? value)
    {
        Command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = type, Value = value ?? DBNull.Value });
        return this;
    }
}
