namespace Agents.Tools;

/// <summary>A call that was answered before: its arguments as the model wrote them, and the answer.</summary>
public sealed record PastCall(string Tool, string Arguments, string Answer);
