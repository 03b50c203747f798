namespace Agents.Contracts.Instances;

/// <summary>Names one orchestration in a task hub: 1 to 100 characters, no control characters.</summary>
public readonly record struct InstanceId
{
    public const int CharactersMax = 100;

    public InstanceId(string value) => Value = IsValid(value)
        ? value
        : throw new ArgumentException("instance id: 1 to 100 characters without control characters", nameof(value));

    public string Value { get; }

    public static bool IsValid(string? value) =>
        value is { Length: > 0 and <= CharactersMax } && !value.AsSpan().ContainsAnyInRange('\0', '\u001f');

    public static implicit operator string(InstanceId id) => id.Value;

    public override string ToString() => Value;
}
