using System.ComponentModel;
using System.Reflection;
using Agents.Contracts.Effects;
using Agents.Contracts.Runs;
using Agents.Tools.Catalogue;

namespace Agents.Tools.Methods;

/// <summary>C# methods as tools. Registered at start, before any run.</summary>
public sealed class MethodTools
{
    const BindingFlags AllMethods =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;

    readonly Dictionary<string, ITool> _tools = new(StringComparer.Ordinal);

    public IEnumerable<ToolSpec> Specs => _tools.Values.Select(t => t.Spec);

    /// <summary>Adds every method of <paramref name="target"/> that carries <see cref="AgentToolAttribute"/>.</summary>
    public MethodTools Add(object target)
    {
        foreach (var method in target.GetType().GetMethods(AllMethods))
        {
            if (method.GetCustomAttribute<AgentToolAttribute>() is { } tool)
            {
                Add(tool.Name, method, method.IsStatic ? null : target, tool.Effect, tool.Parallel);
            }
        }

        return this;
    }

    /// <summary>Adds one function under a name.</summary>
    public MethodTools Add(
        string name, Delegate function, EffectClass effect = EffectClass.AtMostOnce, bool parallel = false)
    {
        Add(name, function.Method, function.Target, effect, parallel);
        return this;
    }

    internal ITool? Find(string name) => _tools.GetValueOrDefault(name);

    void Add(string name, MethodInfo method, object? target, EffectClass effect, bool parallel)
    {
        var spec = new ToolSpec
        {
            Name = ToolNames.IsValid(name) ? name
                : throw new ArgumentException($"tool name '{name}': 1 to 64 characters of A-Z, a-z, 0-9, _ and -", nameof(name)),
            Description = method.GetCustomAttribute<DescriptionAttribute>()?.Description ?? "",
            Parameters = MethodSchema.Of(method),
            Effect = effect,
            Source = "method",
            Parallel = parallel,
        };
        if (!_tools.TryAdd(name, new MethodTool(spec, method, target)))
        {
            throw new ArgumentException($"a tool named '{name}' is registered already", nameof(name));
        }
    }
}
