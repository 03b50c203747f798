using Agents.Contracts.Runs;
using Agents.Tools.Effects;

namespace Agents.Tools.Files;

/// <summary>What the file tools share in a process: their environment, journals and opened roots.</summary>
sealed class BuiltInContext(ToolEnvironment environment)
{
    public ToolEnvironment Environment { get; } = environment;

    public FileEffects Effects { get; } = new(environment);

    public static ConfinedFolder Root(ToolSettings settings) => ConfinedFolder.Open(settings.Root, "root");

    public static ConfinedFolder Out(ToolSettings settings)
    {
        if (settings.Out is not { Length: > 0 } output)
        {
            return Root(settings);
        }

        if (Path.IsPathRooted(output) && !Directory.Exists(output))
        {
            MakeOut(output);
        }

        return ConfinedFolder.Open(output, "output");
    }

    public HiddenPlaces Hidden(ConfinedFolder root, ToolSettings settings) =>
        OutputFiles.Hidden(Environment, root, settings);

    static void MakeOut(string output)
    {
        try
        {
            Directory.CreateDirectory(output);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ToolFaultException(
                ToolErrors.RootUnusable, $"the output folder '{output}' cannot be made: {e.Message}", false, e);
        }
    }
}
