namespace Agents.GpuWorker;

/// <summary>A fault of a model worker that its operator can mend; docs/errors has a page for the code.</summary>
public sealed class GpuWorkerException(string code, string what, string whatToDo, Exception? inner = null)
    : Exception($"{code}: {what}; {whatToDo}", inner)
{
    /// <summary>AGnnnn.</summary>
    public string Code { get; } = code;

    public string What { get; } = what;

    public string WhatToDo { get; } = whatToDo;
}
