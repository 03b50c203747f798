namespace Agents.ModelServer.Scripted;

/// <summary>
/// What an answer can tell: a sentence, whether the job was done to the end, and numbers by name. Where a schema's
/// property fits several names, the first in the list wins.
/// </summary>
sealed record Facts(string Summary, bool Complete, IReadOnlyList<(string Name, object Value)> Values);
