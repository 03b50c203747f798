using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;

namespace Agents.Inference.Streaming;

/// <summary>The servers' words for why a model stopped. One screen, every word we know; the rest fails the attempt.</summary>
internal static class FinishReasons
{
    /// <summary>The reason of a complete reply; null for a reason that makes the attempt a failed one.</summary>
    public static FinishReason? Complete(string reason) => reason switch
    {
        "stop" or "end_turn" or "stop_sequence" or "eos" => FinishReason.Stop,
        "tool_calls" or "function_call" or "tool_use" => FinishReason.ToolCalls,
        "length" or "max_tokens" or "max_output_tokens" => FinishReason.Length,
        "content_filter" => FinishReason.ContentFilter,
        "refusal" => FinishReason.Refusal,
        _ => null,
    };

    /// <summary>
    /// The kind of failure behind any other reason. abort, aborted, error, insufficient_system_resource and every word
    /// we do not know: the server broke off, the text so far is no answer.
    /// </summary>
    public static ModelErrorKind Failure(string reason) => reason switch
    {
        "model_context_window_exceeded" or "context_length_exceeded" => ModelErrorKind.ContextOverflow,
        _ => ModelErrorKind.Transient,
    };
}
