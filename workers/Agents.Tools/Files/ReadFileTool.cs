using Agents.Contracts.Runs;

namespace Agents.Tools.Files;

/// <summary>Reads a piece of a text file. What is no text, no file or not there any more is refused in words.</summary>
sealed class ReadFileTool(ToolSpec spec) : ITool
{
    const int DefaultLimit = 8192;

    public ToolSpec Spec { get; } = spec;

    public Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel)
    {
        var path = RelativePath.Require(call.Arguments.Required("path"));
        var offset = call.Arguments.Number("offset") ?? 0;
        var limit = (int)(call.Arguments.Number("limit") ?? DefaultLimit);
        var (handle, size) = BuiltInContext.Root(call.Settings).OpenRead(path);
        using (handle)
        {
            if (offset > size)
            {
                return Task.FromResult<ToolOutcome>(new ToolOutcome.Refusal(
                    $"offset {offset} is behind the end of '{path}', which has {size} bytes"));
            }

            var window = TextWindow.Read(handle, size, offset, limit);
            return Task.FromResult<ToolOutcome>(window is null
                ? new ToolOutcome.Refusal($"'{path}' is binary ({size} bytes), not UTF-8 text; it cannot be shown")
                : new ToolOutcome.Answer(Write(path, window)));
        }
    }

    static string Write(string path, TextWindow window) => Json.Object(w =>
    {
        w.WriteString("path", path);
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
