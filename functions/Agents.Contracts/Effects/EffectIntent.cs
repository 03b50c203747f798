namespace Agents.Contracts.Effects;

/// <summary>
/// What an activity means to do to the world. <paramref name="Key"/> is the idempotency key: stable across attempts,
/// replays and hosts (64 hexadecimal digits). <paramref name="Tool"/> is shown to people.
/// </summary>
public sealed record EffectIntent(EffectClass Class, string Key, string Tool);
