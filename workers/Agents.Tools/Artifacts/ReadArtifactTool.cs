using Agents.Contracts.Runs;
using Agents.Tools.Files;

namespace Agents.Tools.Artifacts;

/// <summary>Reads a piece of a result that was too long to show.</summary>
sealed class ReadArtifactTool(ToolSpec spec, ArtifactStore artifacts) : ITool
{
    const int DefaultLimit = 8192;

    public ToolSpec Spec { get; } = spec;

    public Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel)
    {
        var handle = call.Arguments.Required("handle");
        using var file = artifacts.Open(handle);
        if (file is null)
        {
            return Task.FromResult<ToolOutcome>(new ToolOutcome.Refusal(
                $"there is no artifact '{handle}'; use a handle exactly as a tool result gave it"));
        }

        // A piece must fit below the bound that would send it into an artifact of its own.
        var most = Math.Max(1024, call.Settings.OffloadBytes / 4);
        var limit = (int)Math.Min(call.Arguments.Number("limit") ?? DefaultLimit, most);
        var window = TextWindow.Read(file, RandomAccess.GetLength(file), call.Arguments.Number("offset") ?? 0, limit);
        return Task.FromResult<ToolOutcome>(window is null
            ? new ToolOutcome.Refusal($"artifact '{handle}' has bytes there that are no text")
            : new ToolOutcome.Answer(Write(handle, window)));
    }

    static string Write(string handle, TextWindow window) => Json.Object(w =>
    {
        w.WriteString("handle", handle);
        w.WriteNumber("size", window.Size);
        w.WriteNumber("offset", window.Offset);
        w.WriteString("text", window.Text);
        w.WriteBoolean("eof", window.Eof);
        if (!window.Eof)
        {
            w.WriteNumber("next", window.Next);
        }
    });
}
