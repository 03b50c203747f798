using System.Text;
using Agents.Contracts.Runs;
using Agents.Tools.Durable;
using Agents.Tools.Effects;

namespace Agents.Tools.Files;

/// <summary>Writes a whole file at once. Repeats write the same bytes to the same place: idempotent by nature.</summary>
sealed class WriteFileTool(ToolSpec spec, BuiltInContext context) : ITool
{
    public ToolSpec Spec { get; } = spec;

    public async Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel)
    {
        var path = RelativePath.Require(call.Arguments.Required("path"));
        if (path.Length == 0)
        {
            return new ToolOutcome.Refusal("'path' must name a file");
        }

        var bytes = Encoding.UTF8.GetBytes(call.Arguments.Required("text"));
        await context.Environment.SightAsync(EffectPoint.BeforeEffect, call, cancel);
        using (var folder = BuiltInContext.Out(call.Settings).OpenFolderFor(path))
        {
            await context.Effects.DeclareAsync(Path.Combine(folder.Real, RelativePath.Name(path)), cancel);
            if (Write(folder, path, call.Key, bytes) is { } failure)
            {
                return failure;
            }
        }

        await context.Environment.SightAsync(EffectPoint.AfterEffect, call, CancellationToken.None);
        return new ToolOutcome.Answer(Json.Object(w =>
        {
            w.WriteString("path", path);
            w.WriteNumber("bytes", bytes.Length);
        }));
    }

    static ToolOutcome.Fault? Write(ConfinedPlace folder, string path, string key, byte[] bytes)
    {
        try
        {
            // Named by the key: a repeat after a death writes over what that attempt left.
            DurableFile.Write(folder.Through, RelativePath.Name(path), $".{key[..Math.Min(16, key.Length)]}.tmp", bytes);
            return null;
        }
        catch (Exception e) when (WriteFailures.Includes(e))
        {
            return new ToolOutcome.Fault(
                ToolErrors.WriteFailed,
                $"'{path}' cannot be written: {WriteFailures.Describe(e)}; check space and permissions",
                Retriable: true);
        }
    }
}
