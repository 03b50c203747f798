using System.Reflection;
using System.Text.Json;
using Agents.Contracts.Effects;
using Agents.Contracts.Runs;

namespace Agents.Tools.Methods;

/// <summary>A C# method as a tool; permission to act is asked right before it is called.</summary>
sealed class MethodTool(ToolSpec spec, MethodInfo method, object? target) : ITool
{
    public ToolSpec Spec { get; } = spec;

    public async Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel)
    {
        var arguments = method.GetParameters().Select(p => Bind(p, call, cancel)).ToArray();

        // The run's own declaration counts: it may be stricter than the method's.
        if (call.Spec.Effect == EffectClass.AtMostOnce && !call.MayAct())
        {
            return new ToolOutcome.NotStarted("the start deadline has passed or the attempt is no longer current");
        }

        var result = method.Invoke(target, BindingFlags.DoNotWrapExceptions, null, arguments, null);
        return Outcome(await Unwrap(result));
    }

    static object? Bind(ParameterInfo parameter, ToolInvocation call, CancellationToken cancel)
    {
        if (parameter.ParameterType == typeof(CancellationToken))
        {
            return cancel;
        }

        if (parameter.ParameterType == typeof(ToolInvocation))
        {
            return call;
        }

        if (!call.Arguments.TryGetProperty(parameter.Name!, out var value))
        {
            return parameter.HasDefaultValue ? parameter.DefaultValue
                : throw new ToolRefusedException($"argument '{parameter.Name}' is missing");
        }

        try
        {
            return value.Deserialize(parameter.ParameterType, MethodSchema.Serializer);
        }
        catch (JsonException e)
        {
            throw new ToolRefusedException($"argument '{parameter.Name}': {e.Message}");
        }
    }

    static async Task<object?> Unwrap(object? result)
    {
        if (result is ValueTask plain)
        {
            await plain;
            return null;
        }

        var task = result as Task;
        if (task is null && result?.GetType() is { IsGenericType: true } type
            && type.GetGenericTypeDefinition() == typeof(ValueTask<>))
        {
            task = (Task)type.GetMethod(nameof(ValueTask<>.AsTask))!.Invoke(result, null)!;
        }

        if (task is null)
        {
            return result;
        }

        await task;
        var value = task.GetType().GetProperty(nameof(Task<>.Result))?.GetValue(task);

        // A Task without a result carries an internal marker where a result would be.
        return value?.GetType().Name == "VoidTaskResult" ? null : value;
    }

    static ToolOutcome Outcome(object? value) => value switch
    {
        ToolOutcome outcome => outcome,
        null => new ToolOutcome.Answer("done"),
        string text => new ToolOutcome.Answer(text),
        _ => new ToolOutcome.Answer(JsonSerializer.Serialize(value, value.GetType(), MethodSchema.Serializer)),
    };
}
