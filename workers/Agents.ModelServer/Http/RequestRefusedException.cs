namespace Agents.ModelServer.Http;

/// <summary>A request that is answered with an error instead of a reply.</summary>
/// <param name="status">HTTP status.</param>
/// <param name="code">A short word for programs; null for none.</param>
/// <param name="retryAfterSeconds">When it may be sent again; null where that changes nothing.</param>
sealed class RequestRefusedException(int status, string message, string? code = null, int? retryAfterSeconds = null) : Exception(message)
{
    public int Status { get; } = status;

    public string? Code { get; } = code;

    public int? RetryAfterSeconds { get; } = retryAfterSeconds;

    public string Type => Status switch
    {
        404 => "not_found_error",
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };
}
