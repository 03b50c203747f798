namespace Agents.Pool.Workers;

/// <summary>What a worker did for this pool. Used under the dispatcher's lock.</summary>
sealed class WorkerTally
{
    public long Done { get; private set; }

    public long Failed { get; private set; }

    public long Busy { get; private set; }

    public long Left { get; private set; }

    public long PromptTokens { get; private set; }

    /// <summary>Of those, tokens that its server says it did not compute again.</summary>
    public long CachedTokens { get; private set; }

    public long ReplyTokens { get; private set; }

    public void Add(WorkInHand work, WorkEnd end, ReplyTokens tokens)
    {
        switch (end)
        {
            case WorkEnd.Done:
                Done++;
                PromptTokens += tokens.Prompt ?? work.Request.PromptTokens;
                CachedTokens += tokens.Cached ?? 0;
                ReplyTokens += tokens.Reply ?? 0;
                break;
            case WorkEnd.Failed:
                Failed++;
                break;
            case WorkEnd.Busy:
                Busy++;
                break;
            default:
                Left++;
                break;
        }
    }
}
