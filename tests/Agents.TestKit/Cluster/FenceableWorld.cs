using Agents.Contracts.Effects;
using Agents.Contracts.Work;

namespace Agents.TestKit.Cluster;

/// <summary>
/// A folder in which effects happen, one file each, and where several processes see every one. An attempt writes its
/// ticket, waits, and acts by renaming the ticket; a probe takes the ticket away, or its place, so that the attempt it
/// asked about can act no more, however late it wakes.
/// </summary>
public sealed class FenceableWorld(string folder)
{
    /// <summary>Effects that happened, by key; more than one name for a key is an effect that happened twice.</summary>
    public ILookup<string, string> Happened => Directory.EnumerateFiles(folder, "*.done.*").Select(Path.GetFileName)
        .ToLookup(name => name!.Split('.')[0], name => name!);

    public async Task<ActivityOutcome> AtMostOnceAsync(ActivityWorkItem item, IActivityContext context, Func<Task> meanwhile)
    {
        var ticket = Path.Combine(folder, $"{item.Effect!.Key}.{item.AttemptToken}");
        var done = Path.Combine(folder, $"{item.Effect.Key}.done.{item.AttemptToken}");
        if (item.Mode == ActivityMode.Reconcile)
        {
            return Directory.EnumerateFiles(folder, $"{item.Effect.Key}.done.*").Any() || !Fence(ticket)
                ? new ActivityOutcome.Completed("done", "the world has it")
                : new ActivityOutcome.Absent("its ticket is void");
        }

        if (!context.MayAct() || !Take(ticket))
        {
            return new ActivityOutcome.NotStarted();
        }

        await meanwhile();
        return Rename(ticket, done) ? new ActivityOutcome.Completed("done") : new ActivityOutcome.InDoubt("its ticket was void");
    }

    /// <summary>May happen again; the key says it is the same.</summary>
    public void Idempotent(EffectIntent effect) => File.WriteAllText(Path.Combine(folder, $"{effect.Key}.done.again"), "");

    // True: the attempt can act no more and has not acted.
    static bool Fence(string ticket) => Take(ticket) || Rename(ticket, $"{ticket}.void");

    static bool Take(string file)
    {
        try
        {
            new FileStream(file, FileMode.CreateNew).Dispose();
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    static bool Rename(string from, string to)
    {
        try
        {
            File.Move(from, to);
            return true;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }
}
