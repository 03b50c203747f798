using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Runs;
using Agents.Loop.View;
using Agents.Replay;

namespace Agents.Loop;

/// <summary>The agent loop as an orchestrator: its name, its version, and the names of the activities it calls.</summary>
public static class AgentRun
{
    public const string Name = "AgentRun";
    public const string Version = "1";
    public const string CallModel = "CallModel";
    public const string RunTool = "RunTool";

    public static OrchestratorRegistration Registration { get; } = new(Name, Version, RunAsync);

    static async Task<string?> RunAsync(OrchestrationContext context)
    {
        var output = await new AgentLoop(context, ReadInput(context.RawInput)).RunAsync();
        return JsonSerializer.Serialize(output, ContractsJson.Plain.RunOutput);
    }

    /// <summary>Reads a run's pinned input; the message of what it throws is for the person who started the run.</summary>
    public static RunInput ReadInput(string? text)
    {
        RunInput? input;
        try
        {
            input = text is null ? null : JsonSerializer.Deserialize(text, ContractsJson.Default.RunInput);
        }
        catch (JsonException e)
        {
            throw new ArgumentException(
                $"AG3001: the run's input is not a run description ({e.Path}). Start runs through the client, which checks it.", e);
        }

        if (input is null)
        {
            throw new ArgumentException("AG3001: the run has no input. Start runs through the client, which writes it.");
        }

        return input.Context.Kind is ContextView.HideToolResults or ContextView.DiscardAll or ContextView.None
            ? input
            : throw new ArgumentException(
                $"AG3002: context policy '{input.Context.Kind}' is not known. Use \"{ContextView.HideToolResults}\", \"{ContextView.DiscardAll}\" or \"{ContextView.None}\".");
    }
}
