using System.Text.Json;
using Agents.Contracts.Runs;
using Agents.Tools.Effects;

namespace Agents.Tools.Files;

/// <summary>Appends one line to an output file; answers with the file's totals.</summary>
sealed class AppendTool(ToolSpec spec, BuiltInContext context) : ITool, IReconcileProbe
{
    public ToolSpec Spec { get; } = spec;

    public Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel) =>
        context.Effects.AppendAsync(call, BuiltInContext.Out(call.Settings), Output(call), cancel);

    public Task<ProbeOutcome> ProbeAsync(ToolInvocation call, CancellationToken cancel) =>
        context.Effects.ProbeAsync(call, BuiltInContext.Out(call.Settings), Output(call), cancel);

    static LineOutput Output(ToolInvocation call)
    {
        var path = RelativePath.Require(call.Arguments.Required("path"));
        var line = call.Arguments.Required("line");
        if (path.Length == 0)
        {
            throw new ToolRefusedException("'path' must name a file");
        }

        return line.AsSpan().IndexOfAny('\n', '\r') < 0
            ? new PlainLine { Path = path, Line = line }
            : throw new ToolRefusedException("'line' must be one line: remove the line breaks or call once per line");
    }

    sealed class PlainLine : LineOutput
    {
        public override string Count(Stream file)
        {
            long lines = 0;
            long bytes = 0;
            var buffer = new byte[1 << 16];
            byte last = (byte)'\n';
            while (file.Read(buffer) is var read and > 0)
            {
                lines += buffer.AsSpan(0, read).Count((byte)'\n');
                bytes += read;
                last = buffer[read - 1];
            }

            return Totals(last == (byte)'\n' ? lines : lines + 1, bytes);
        }

        public override string After(string before, int bytesAdded)
        {
            using var json = JsonDocument.Parse(before);
            return Totals(json.RootElement.Number("lines")!.Value + 1, json.RootElement.Number("bytes")!.Value + bytesAdded);
        }

        string Totals(long lines, long bytes) => Json.Object(w =>
        {
            w.WriteString("path", Path);
            w.WriteNumber("lines", lines);
            w.WriteNumber("bytes", bytes);
        });
    }
}
