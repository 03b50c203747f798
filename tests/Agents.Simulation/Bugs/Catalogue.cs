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
        new("I1", 7, () => new AnsweredBeforeItIsDurable()),
        new("I1", 3, () => new DoNothingTakenForDone()),
        new("I2", 165, () => new BatchFallsTogether()),
        new("I3", 4, () => new UnknownTakenForCommitted()),
        new("I3", 3, () => new DeltaShownBeforeItsCommit()),
        new("I4", 3, () => new AcknowledgedBeforeItIsWritten()),
        new("I5", 1, () => new InboxDeletedWhenRead()),
        new("I5", 2, () => new ConsumedAndNotRecorded()),
        new("I5", 2, () => new DedupKeyIgnored()),
        new("I5", 2, () => new CarriedEventsDropped()),
        new("I6", 6, () => new BlindRetry()),
        new("I7", 1, () => new ReceiptDropped()),
        new("I7", 1, () => new IntentOmitted()),
        new("I7", 2, () => new IntentBehindTheCommit()),
        new("I7", 3, () => new AbsentBelieved()),
        new("I7", 3, () => new EffectRunAgain()),
        new("I7", 1, () => new KeyPerAttempt()),
        new("I7", 104, () => new ActsWithoutAsking()),
        new("I7", 1, () => new StaleCompletionAccepted()),
        new("I8", 2, () => new ReplayInAnotherOrder()),
        new("I9", 2, () => new InboxPolledByCursor()),
        new("I9", 6, () => new TimersInMemoryOnly()),
        new("I9", 1, () => new SweepMissesTheDead()),
        new("I9", 1, () => new RecoveryForgetsWhatWasUnderWay()),
        new("I9", 7, () => new SendsOutsideTheCommit()),
        new("I9", 2, () => new ClashNotTold()),
        new("I10", 6, () => new PurgeWithoutTheLock()),
        new("I10", 1, () => new PayloadsOutliveTheirLineage()),
        new("I10", 3, () => new ForkInALineageOfItsOwn()),
        new("I11", 3, () => new RetractOmitted()),
        new("I11", 2, () => new TextPublishedTwice()),
        new("suspend", 27, () => new SuspensionDoesNotHoldStarts()),
        new("I9", 7, () => new PlaceKept()),
        new("queue", 6, () => new EverybodyLetIn()),
        new("I9", 8, () => new GrantNotTold()),
        new("terminate", 3, () => new TerminateNotRecursive()),
        new("start", 5, () => new NoTombstone()),
        new("start", 1, () => new RedeliveryReplaces()),
    ];
}
