using System.Net;
using Agents.Contracts.Runs;
using Agents.Inference.Streaming;

namespace Agents.Inference.Failures;

/// <summary>
/// Turns what a server (or the way to it) said into a kind. The status says most; the words decide where one status
/// means several things: 429 may be "later" or "never", 400 may be "shorter, please".
/// </summary>
internal static class ErrorClassifier
{
    static readonly string[] s_quota =
    [
        "insufficient_quota", "exceeded_current_quota", "credit_balance", "spend_limit", "insufficient balance",
        "billing_error", "billing_hard_limit",
    ];

    static readonly string[] s_overflow =
    [
        "exceeded model token limit", "context_length_exceeded", "exceed_context_size", "prompt is too long",
        "maximum context length", "input token length too long", "context window", "exceeds the available context size",
        "longer than the model's context", "input is too long",
    ];

    static readonly string[] s_tooLarge = ["total message size", "request_too_large", "payload too large", "body too large"];

    static readonly string[] s_filter = ["content_filter", "content_policy", "content filter", "high risk"];

    /// <summary>An answer with a status other than success.</summary>
    public static ModelError FromHttp(
        ModelProfile profile, HttpStatusCode status, string body, TimeSpan? retryAfter)
    {
        var error = ErrorBody.Parse(body);
        return Build(profile, error, (int)status, retryAfter, $"HTTP {(int)status}");
    }

    /// <summary>An error inside a stream, after HTTP 200.</summary>
    public static ModelError FromStream(ModelProfile profile, ErrorBody error) =>
        Build(profile, error, error.Status ?? StatusOf(error.Signs), null, "an error in the stream");

    static ModelError Build(ModelProfile profile, ErrorBody error, int status, TimeSpan? retryAfter, string origin)
    {
        var kind = KindOf(status, error.Signs);
        var said = error.Message.Length == 0 ? "no further word" : error.Message;
        var type = string.Join(' ', new[] { error.Type, error.Code }.Where(t => t.Length > 0));
        var message = $"{CodeOf(kind)}: {Places.Of(profile)} answered {origin}{(type.Length > 0 ? $" ({type})" : "")}: {said}. "
            + Advice(kind, profile);
        var waits = kind is ModelErrorKind.RateLimited or ModelErrorKind.Transient;
        return new ModelError(kind, message, waits ? retryAfter : null, status);
    }

    /// <summary>The retry table.</summary>
    public static ModelErrorKind KindOf(int status, string signs)
    {
        if (status == 402 || (status is 429 or 403 or 400 && Has(signs, s_quota)))
        {
            return ModelErrorKind.QuotaExhausted;
        }

        if (status is 400 or 413 or 422 or 500 && Has(signs, s_overflow))
        {
            return ModelErrorKind.ContextOverflow;
        }

        if (status == 413 || (status is 400 or 422 && Has(signs, s_tooLarge)))
        {
            return ModelErrorKind.TooLarge;
        }

        if (status is 400 or 403 or 422 && Has(signs, s_filter))
        {
            return ModelErrorKind.ContentFilter;
        }

        return status switch
        {
            401 or 403 => ModelErrorKind.Auth,
            404 => ModelErrorKind.NotFound,
            429 => ModelErrorKind.RateLimited,
            408 or 409 or 425 => ModelErrorKind.Transient,
            501 or 505 => ModelErrorKind.BadRequest,
            >= 500 => ModelErrorKind.Transient,
            _ => ModelErrorKind.BadRequest,
        };
    }

    // Inside a stream the number is often missing and the word is all there is.
    static int StatusOf(string signs) => signs switch
    {
        _ when Has(signs, s_quota) => 429,
        _ when Has(signs, ["rate_limit", "slow_down", "too many requests"]) => 429,
        _ when Has(signs, ["overloaded"]) => 529,
        _ when Has(signs, s_overflow) || Has(signs, s_filter) || Has(signs, ["invalid_request"]) => 400,
        _ when Has(signs, ["authentication", "invalid_api_key"]) => 401,
        _ => 500,
    };

    static string CodeOf(ModelErrorKind kind) => kind switch
    {
        ModelErrorKind.Auth => "AG4003",
        ModelErrorKind.QuotaExhausted => "AG4004",
        ModelErrorKind.RateLimited => "AG4005",
        ModelErrorKind.NotFound => "AG4006",
        ModelErrorKind.BadRequest => "AG4007",
        ModelErrorKind.ContextOverflow => "AG4008",
        ModelErrorKind.ContentFilter => "AG4009",
        ModelErrorKind.TooLarge => "AG4010",
        _ => "AG4011",
    };

    static string Advice(ModelErrorKind kind, ModelProfile profile) => kind switch
    {
        ModelErrorKind.Auth => profile.ApiKeyEnv is { } name
            ? $"Check the key in {name} (keys of one region or platform are refused by another)"
            : "The server wants a key: name its variable with --api-key-env",
        ModelErrorKind.QuotaExhausted => "The account has no credit left; top it up, then resume the run",
        ModelErrorKind.NotFound => $"Check model id '{profile.Model}' and base address {profile.BaseUrl}"
            + (profile.Successor is { } next ? $"; successor profile: {next}" : ""),
        ModelErrorKind.BadRequest => "The request will be refused again as it is; the profile may lack a quirk of this server",
        ModelErrorKind.ContextOverflow => "The view must become shorter before the call can be made",
        ModelErrorKind.TooLarge => "The view must become smaller before the call can be made",
        ModelErrorKind.ContentFilter => "The provider's filter refused the conversation",
        _ => "The same request is sent again later",
    };

    static bool Has(string text, string[] signs) => signs.Any(s => text.Contains(s, StringComparison.Ordinal));
}

/// <summary>How a model's place is named to people: profile and address, never a key.</summary>
internal static class Places
{
    public static string Of(ModelProfile profile) => $"model '{profile.Name}' at {profile.BaseUrl}";
}
