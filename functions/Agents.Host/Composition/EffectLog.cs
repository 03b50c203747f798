using System.Text;
using System.Text.Json;
using Agents.Tools.Effects;

namespace Agents.Host.Composition;

/// <summary>
/// Writes one line for each effect done to the file named by AGENTS_EFFECT_LOG. `agents prove` reads it: the lines are
/// told by whoever acts, not by the engine that is being tested, and nothing is ever left out as a repeat.
/// </summary>
sealed class EffectLog(string path) : IEffectObserver
{
    public const string Variable = "AGENTS_EFFECT_LOG";

    public static IEffectObserver FromEnvironment() =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path ? new EffectLog(path) : NoEffectObserver.Instance;

    public async ValueTask AtAsync(EffectPoint point, EffectSighting effect, CancellationToken cancel)
    {
        if (point != EffectPoint.AfterEffect || effect.Class == Contracts.Effects.EffectClass.ReadOnly)
        {
            return;
        }

        var line = JsonSerializer.Serialize(
            new SightedEffect(effect.Key, effect.Tool, effect.Class.ToString(), effect.Arguments), HostJson.Default.SightedEffect);

        // Opened for appending and written with one call: lines of parallel calls do not mix.
        await using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        await file.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"), CancellationToken.None);
    }
}

/// <summary>One line of the effect log.</summary>
sealed record SightedEffect(string Key, string Tool, string Class, string Arguments);
