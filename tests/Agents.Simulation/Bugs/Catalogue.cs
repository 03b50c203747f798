namespace Agents.Simulation.Bugs;

/// <summary>A bug, the promise it breaks as the checkers name it, and a seed that shows it.</summary>
sealed record CatalogueEntry(string Breaks, ulong Seed, Func<SeededBug> Make)
{
    public string Name => Make().GetType().Name;
}

/// <summary>Mistakes that the simulator must find; one it does not find shows a hole in the simulator.</summary>
static class Catalogue
{
    public const int SeedsMax = 500;

    public static IReadOnlyList<CatalogueEntry> All { get; } =
    [
        new("I1", 3, () => new FenceWithoutEpoch()),
        new("I1", 1, () => new ClaimKeepsTheEpoch()),
        new("I1", 86, () => new AnsweredBeforeItIsDurable()),
        new("I1", 3, () => new DoNothingTakenForDone()),
        new("I2", 116, () => new BatchFallsTogether()),
        new("I3", 3, () => new UnknownTakenForCommitted()),
        new("I3", 3, () => new DeltaShownBeforeItsCommit()),
        new("I4", 3, () => new AcknowledgedBeforeItIsWritten()),
        new("I5", 1, () => new InboxDeletedWhenRead()),
        new("I5", 2, () => new ConsumedAndNotRecorded()),
        new("I5", 27, () => new DedupKeyIgnored()),
        new("I5", 2, () => new CarriedEventsDropped()),
        new("I6", 9, () => new BlindRetry()),
        new("I7", 1, () => new ReceiptDropped()),
        new("I7", 1, () => new IntentOmitted()),
        new("I7", 2, () => new IntentBehindTheCommit()),
        new("I7", 35, () => new AbsentBelieved()),
        new("I7", 3, () => new EffectRunAgain()),
        new("I7", 1, () => new KeyPerAttempt()),
        new("I7", 92, () => new ActsWithoutAsking()),
        new("I7", 6, () => new StaleCompletionAccepted()),
        new("I8", 2, () => new ReplayInAnotherOrder()),
        new("I9", 2, () => new InboxPolledByCursor()),
        new("I9", 1, () => new TimersInMemoryOnly()),
        new("I9", 1, () => new SweepMissesTheDead()),
        new("I9", 1, () => new RecoveryForgetsWhatWasUnderWay()),
        new("I9", 15, () => new SendsOutsideTheCommit()),
        new("I9", 2, () => new ClashNotTold()),
        new("I10", 1, () => new PurgeWithoutTheLock()),
        new("I10", 1, () => new PayloadsOutliveTheirLineage()),
        new("I10", 1, () => new ForkInALineageOfItsOwn()),
        new("I11", 3, () => new RetractOmitted()),
        new("I11", 2, () => new TextPublishedTwice()),
        new("suspend", 4, () => new SuspensionDoesNotHoldStarts()),
        new("terminate", 10, () => new TerminateNotRecursive()),
        new("start", 4, () => new NoTombstone()),
        new("start", 1, () => new RedeliveryReplaces()),
    ];
}
