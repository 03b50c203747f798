namespace Agents.ModelServer.Generation;

/// <summary>A request in work: the tokens of its conversation and how many of them are computed.</summary>
sealed class Slot(GenerationRequest request, ReplyStream stream, long arrived)
{
    readonly Dictionary<int, int> _said = [];

    public GenerationRequest Request { get; } = request;

    public ReplyStream Stream { get; } = stream;

    /// <summary>Chance for the next token: of its place alone, so that a reply goes on elsewhere with the draws it would have had.</summary>
    public Chance Chance => Chance.At(Request.Sampling.Seed, Made);

    /// <summary>The prompt, then what was made.</summary>
    public List<int> Tokens { get; } = [.. request.Prompt, .. request.Reply];

    /// <summary>Tokens computed, of the sequence; meaningless without one.</summary>
    public int Computed { get; set; }

    /// <summary>-1 while it waits.</summary>
    public int Sequence { get; set; } = -1;

    /// <summary>Tokens of the prompt that were held already when it was first admitted.</summary>
    public int Cached { get; set; }

    public bool WasAdmitted { get; set; }

    public long Arrived { get; } = arrived;

    /// <summary>Timestamp of the last token made; 0 before the first.</summary>
    public long Spoke { get; set; }

    public int Made => Tokens.Count - Request.Prompt.Length;

    public int Pending => Tokens.Count - Computed;

    public GenerationUsage Usage => new(Request.Prompt.Length, Math.Min(Cached, Request.Prompt.Length), Made);

    /// <summary>How often each token was said, counted only when a penalty asks for it.</summary>
    public IReadOnlyDictionary<int, int> Said => _said;

    /// <summary>Counts what was said elsewhere too.</summary>
    public void CountReply()
    {
        foreach (var token in Request.Reply)
        {
            Count(token);
        }
    }

    public void Add(int token)
    {
        Tokens.Add(token);
        Count(token);
    }

    void Count(int token)
    {
        if (Request.Sampling.PresencePenalty != 0 || Request.Sampling.FrequencyPenalty != 0)
        {
            _said[token] = _said.GetValueOrDefault(token) + 1;
        }
    }
}
