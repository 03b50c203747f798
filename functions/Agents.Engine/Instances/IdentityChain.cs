using System.Globalization;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine.Store;

namespace Agents.Engine.Instances;

/// <summary>
/// The identity seeds of an execution in the text form its header keeps: "from:seed:run" joined by "/", oldest first.
/// A header without a colon is a single seed from sequence 0 (an execution that was not cut from another).
/// </summary>
internal static class IdentityChain
{
    public static IReadOnlyList<IdentitySeed> Read(ExecutionRecord execution, string instanceId)
    {
        if (!execution.IdentitySeed.Contains(':', StringComparison.Ordinal))
        {
            return [new IdentitySeed(0, execution.IdentitySeed, instanceId)];
        }

        return [.. execution.IdentitySeed.Split('/').Select(part =>
        {
            // The run id comes last and may itself hold colons.
            var fields = part.Split(':', 3);
            return new IdentitySeed(
                long.Parse(fields[0], CultureInfo.InvariantCulture), fields[1], Uri.UnescapeDataString(fields[2]));
        })];
    }

    /// <summary>
    /// Header of an execution of a run that is not called after its instance: one that takes the place of an earlier run
    /// of the same id. Its effects are other effects, so their keys must not be the earlier run's.
    /// </summary>
    public static string Own(string executionId, string run) => $"0:{executionId}:{Uri.EscapeDataString(run)}";

    /// <summary>Run identity of an instance that replaces another of the same id.</summary>
    public static string Anew(string instanceId, string executionId) => $"{instanceId}/{executionId}";

    /// <summary>The instance that a run identity belongs to.</summary>
    public static string InstanceOf(string run) =>
        run.Length > 33 && run[^33] == '/' && ExecutionId.IsValid(run[^32..]) ? run[..^33] : run;

    /// <summary>Header of an execution cut from <paramref name="parent"/>: its seeds before the cut, then one of its own.</summary>
    public static string Cut(IReadOnlyList<IdentitySeed> parent, long cut, ExecutionId seed, string run) =>
        string.Join('/', parent.Where(s => s.FromSequence < cut).Append(new IdentitySeed(cut, seed, run)).Select(s =>
            string.Create(
                CultureInfo.InvariantCulture, $"{s.FromSequence}:{s.Seed}:{Uri.EscapeDataString(s.RunIdentity)}")));
}
