namespace Agents.Contracts.Instances;

/// <summary>Names one generation of an instance: 32 lower-case hexadecimal digits.</summary>
public readonly record struct ExecutionId
{
    public ExecutionId(string value) => Value = IsValid(value)
        ? value
        : throw new ArgumentException("execution id: 32 lower-case hexadecimal digits", nameof(value));

    public string Value { get; }

    public static bool IsValid(string? value) =>
        value is { Length: 32 } && !value.AsSpan().ContainsAnyExcept("0123456789abcdef");

    public static implicit operator string(ExecutionId id) => id.Value;

    public override string ToString() => Value;
}
