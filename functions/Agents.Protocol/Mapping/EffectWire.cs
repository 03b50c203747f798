using Agents.Contracts.Effects;
using Google.Protobuf;

namespace Agents.Protocol.Mapping;

/// <summary>What an activity means to do to the world; for workers of ours.</summary>
public static class EffectWire
{
    const int KeyDigits = 64;

    public static ToolEffect? ToWire(EffectIntent? effect)
    {
        if (effect is null)
        {
            return null;
        }

        var wire = new ToolEffect { Class = (int)effect.Class, Tool = effect.Tool };
        if (effect.Key.Length == KeyDigits && !effect.Key.AsSpan().ContainsAnyExcept("0123456789abcdef"))
        {
            wire.KeyBytes = ByteString.CopyFrom(Convert.FromHexString(effect.Key));
        }
        else
        {
            wire.Key = effect.Key;
        }

        return wire;
    }

    public static EffectIntent? FromWire(ToolEffect? wire) => wire is null
        ? null
        : new EffectIntent(
            Enum.IsDefined((EffectClass)wire.Class) ? (EffectClass)wire.Class : EffectClass.AtMostOnce,
            wire.KeyBytes.IsEmpty ? wire.Key : Convert.ToHexStringLower(wire.KeyBytes.Span), wire.Tool);
}
