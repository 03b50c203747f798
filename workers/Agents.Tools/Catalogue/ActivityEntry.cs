using System.Text.Json;
using System.Xml;
using Agents.Contracts.Effects;
using Agents.Contracts.Runs;
using Agents.Tools.Running;

namespace Agents.Tools.Catalogue;

/// <summary>
/// "activity" of a tool's entry: the activity's name, or {name, version, keyAs, timeout, probe, retry}.
/// </summary>
sealed record ActivityEntry(ActivityTool Activity, bool NamesKey, int Index)
{
    public const string Source = "activity";

    const string KeyAs = "idempotencyKey";
    static readonly string[] s_fields = ["name", "version", "keyAs", "timeout", "probe", "retry"];

    /// <summary>Throws a fault with <see cref="ToolErrors.BadToolEntry"/> that names the entry.</summary>
    public static ActivityEntry Read(JsonElement entry, int index)
    {
        if (entry.ValueKind == JsonValueKind.String && entry.GetString() is { Length: > 0 } only)
        {
            return new ActivityEntry(new ActivityTool { Name = only, KeyAs = KeyAs }, NamesKey: false, index);
        }

        if (entry.ValueKind != JsonValueKind.Object || entry.Text("name") is not { Length: > 0 } name)
        {
            throw ToolEntry.Bad(index, "\"activity\" is an activity's name, or an object with a name");
        }

        foreach (var field in entry.EnumerateObject().Where(f => !s_fields.Contains(f.Name)))
        {
            throw ToolEntry.Bad(index, $"no such field 'activity.{field.Name}': {NearMiss.Suggest(field.Name, s_fields)}");
        }

        var namesKey = entry.TryGetProperty("keyAs", out var key);
        return new ActivityEntry(
            new ActivityTool
            {
                Name = name,
                Version = entry.Text("version"),
                KeyAs = !namesKey ? KeyAs
                    : key.ValueKind == JsonValueKind.Null ? null
                    : key is { ValueKind: JsonValueKind.String } && key.GetString() is { Length: > 0 } property ? property
                    : throw ToolEntry.Bad(index, "\"activity.keyAs\" is the name of a property, or null for none"),
                Timeout = ReadTimeout(entry, index),
                Probe = entry.Text("probe"),
                Retry = entry.TryGetProperty("retry", out var retry) && retry.ValueKind == JsonValueKind.True,
            },
            namesKey, index);
    }

    public ToolSpec ToSpec(ToolEntry entry)
    {
        if (entry.Source is { } source && source != Source)
        {
            throw ToolEntry.Bad(Index, $"a tool with \"activity\" has no \"source\": \"{source}\"");
        }

        var effect = entry.Effect ?? EffectClass.AtMostOnce;
        if (Activity.Retry && effect == EffectClass.AtMostOnce)
        {
            throw ToolEntry.Bad(Index, "\"activity.retry\" would run an AtMostOnce tool twice; declare its effect, or leave retry out");
        }

        var parameters = entry.Parameters ?? ToolEntry.NoParameters;
        var activity = effect == EffectClass.ReadOnly && !NamesKey ? Activity with { KeyAs = null } : Activity;
        if (activity.KeyAs is { } key && parameters.TryGetProperty("properties", out var properties)
            && properties.ValueKind == JsonValueKind.Object && properties.TryGetProperty(key, out _))
        {
            throw ToolEntry.Bad(
                Index, $"the tool has a parameter '{key}' of its own, and the idempotency key is given under that name; name another with \"activity.keyAs\"");
        }

        return new ToolSpec
        {
            Name = entry.Name,
            Description = entry.Description ?? "",
            Parameters = parameters,
            Effect = effect,
            Source = Source,
            SourceName = activity.Name == entry.Name ? null : activity.Name,
            Parallel = entry.Parallel ?? effect == EffectClass.ReadOnly,
            Activity = activity,
            Queue = entry.Queue,
        };
    }

    static TimeSpan ReadTimeout(JsonElement entry, int index)
    {
        if (!entry.TryGetProperty("timeout", out var given))
        {
            return new ActivityTool { Name = "" }.Timeout;
        }

        TimeSpan? time = given.ValueKind switch
        {
            JsonValueKind.Number when given.TryGetDouble(out var seconds) && seconds is > 0 and < 1e7 => TimeSpan.FromSeconds(seconds),
            JsonValueKind.String => Parse(given.GetString()!),
            _ => null,
        };
        return time is { } span && span > TimeSpan.Zero && span <= TimeSpan.FromDays(30)
            ? span
            : throw ToolEntry.Bad(index, "\"activity.timeout\" is a time of at most 30 days such as \"90s\", \"20m\", \"6h\" or \"PT20M\"");
    }

    static TimeSpan? Parse(string text)
    {
        try
        {
            var unit = text.Length > 1 ? text[^1] : ' ';
            return text.StartsWith('P') ? XmlConvert.ToTimeSpan(text)
                : double.TryParse(text[..^1], System.Globalization.NumberStyles.AllowDecimalPoint, System.Globalization.CultureInfo.InvariantCulture, out var n)
                    ? unit switch
                    {
                        's' => TimeSpan.FromSeconds(n),
                        'm' => TimeSpan.FromMinutes(n),
                        'h' => TimeSpan.FromHours(n),
                        'd' => TimeSpan.FromDays(n),
                        _ => null,
                    }
                    : null;
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentOutOfRangeException)
        {
            return null;
        }
    }
}
