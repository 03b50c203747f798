namespace Agents.Tools;

/// <summary>A broken link or a broken file below a tool; the runner turns it into a fault with this code.</summary>
public sealed class ToolFaultException(string code, string message, bool retriable = false, Exception? inner = null)
    : Exception($"{code}: {message}", inner)
{
    public string Code { get; } = code;

    public bool Retriable { get; } = retriable;

    /// <summary>The message without the code.</summary>
    public string Detail { get; } = message;
}

/// <summary>A call that a tool refuses from deep inside; the runner hands <see cref="Exception.Message"/> to the model.</summary>
public sealed class ToolRefusedException(string why) : Exception(why);
