using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Contracts.Work;
using Agents.Inference.Streaming;

namespace Agents.Worker.Activities;

/// <summary>
/// Passes a reply to the run's stream as it is generated. What readers were shown must be the beginning of what is
/// stored; where it is not, it is taken back.
/// </summary>
sealed class ReplyStream(IActivityContext context, ReasoningPolicy reasoning)
{
    const int CharactersPerToken = 4;

    readonly System.Text.StringBuilder _reasoning = new();
    readonly System.Text.StringBuilder _content = new();

    public void Add(ModelDelta delta)
    {
        var (kind, shown) = delta.Kind switch
        {
            ModelDeltaKind.Content => ("content", _content),
            ModelDeltaKind.Reasoning when reasoning == ReasoningPolicy.Store => ("reasoning", _reasoning),
            _ => (null, null),
        };
        if (kind is null || delta.Text.Length == 0)
        {
            return;
        }

        shown!.Append(delta.Text);
        context.Publish(new StreamDelta(kind, delta.Text, Math.Max(1, delta.Text.Length / CharactersPerToken)));
    }

    /// <summary>Nothing of this attempt will be stored.</summary>
    public void Retract()
    {
        if (_reasoning.Length + _content.Length > 0)
        {
            context.Publish(new StreamDelta("retract", "", 0));
        }
    }

    public void End(ModelReply stored)
    {
        if (!Begins(stored.Reasoning, _reasoning) || !Begins(stored.Content, _content))
        {
            Retract();
        }
    }

    static bool Begins(string? stored, System.Text.StringBuilder shown) =>
        shown.Length == 0 || (stored ?? "").StartsWith(shown.ToString(), StringComparison.Ordinal);
}
