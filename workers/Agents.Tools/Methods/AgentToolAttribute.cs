using Agents.Contracts.Effects;

namespace Agents.Tools.Methods;

/// <summary>
/// Makes a method a tool. Its description and its parameters' come from [Description]. Parameters of type
/// <see cref="CancellationToken"/> and <see cref="ToolInvocation"/> are filled in and not shown to the model.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AgentToolAttribute(string name) : Attribute
{
    public string Name { get; } = name;

    /// <summary>Undeclared means AtMostOnce: whoever knows better says so.</summary>
    public EffectClass Effect { get; set; } = EffectClass.AtMostOnce;

    /// <summary>May run beside other calls of the same step.</summary>
    public bool Parallel { get; set; }
}
