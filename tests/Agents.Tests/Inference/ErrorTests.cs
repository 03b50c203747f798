using System.Globalization;
using Agents.Contracts.Runs;
using Agents.TestKit.Models;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Agents.Tests.Inference;

public sealed class ErrorTests
{
    public static TheoryData<int, string, ModelErrorKind> Answers => new()
    {
        { 400, """{"error":{"message":"thinking is enabled but reasoning_content is missing","type":"invalid_request_error"}}""", ModelErrorKind.BadRequest },
        { 400, """{"error":{"message":"Your request exceeded model token limit: 262144","type":"invalid_request_error"}}""", ModelErrorKind.ContextOverflow },
        { 400, """{"error":{"message":"too long","code":"context_length_exceeded","param":"messages","type":"x"}}""", ModelErrorKind.ContextOverflow },
        { 400, """{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}""", ModelErrorKind.ContextOverflow },
        { 400, """{"object":"error","message":"This model's maximum context length is 4096 tokens.","type":"BadRequestError","param":null,"code":400}""", ModelErrorKind.ContextOverflow },
        { 400, """{"error":{"message":"total message size 3000000 exceeds limit 2097152","type":"invalid_request_error"}}""", ModelErrorKind.TooLarge },
        { 400, """{"error":{"message":"The request was rejected because it was considered high risk","type":"content_filter"}}""", ModelErrorKind.ContentFilter },
        { 401, """{"error":{"message":"Invalid Authentication","type":"invalid_authentication_error"}}""", ModelErrorKind.Auth },
        { 402, """{"error":{"message":"Insufficient Balance"}}""", ModelErrorKind.QuotaExhausted },
        { 403, "Forbidden", ModelErrorKind.Auth },
        { 404, """{"object":"error","message":"The model `x` does not exist.","type":"NotFoundError","param":null,"code":404}""", ModelErrorKind.NotFound },
        { 408, "", ModelErrorKind.Transient },
        { 409, "", ModelErrorKind.Transient },
        { 413, """{"type":"error","error":{"type":"request_too_large","message":"too big"}}""", ModelErrorKind.TooLarge },
        { 422, """{"detail":[{"loc":["body"],"msg":"field required"}]}""", ModelErrorKind.BadRequest },
        { 429, """{"error":{"message":"please try again later","type":"engine_overloaded_error"}}""", ModelErrorKind.RateLimited },
        { 429, """{"error":{"message":"slow","type":"rate_limit_reached_error"}}""", ModelErrorKind.RateLimited },
        { 429, """{"error":{"message":"check your plan","type":"exceeded_current_quota_error"}}""", ModelErrorKind.QuotaExhausted },
        { 429, """{"error":{"message":"quota","type":"x","code":"insufficient_quota"}}""", ModelErrorKind.QuotaExhausted },
        { 429, """{"type":"error","error":{"type":"rate_limit_error","message":"m","details":{"error_code":"enforced_spend_limit_reached"}}}""", ModelErrorKind.QuotaExhausted },
        { 500, "<html>oops</html>", ModelErrorKind.Transient },
        { 502, "", ModelErrorKind.Transient },
        { 503, """{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}""", ModelErrorKind.Transient },
        { 504, "", ModelErrorKind.Transient },
        { 529, """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""", ModelErrorKind.Transient },
        { 302, "", ModelErrorKind.BadRequest },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task Every_answer_has_its_kind(int status, string body, ModelErrorKind expected)
    {
        await using var wire = await Wire.StartAsync();
        var error = await wire.ErrorAsync(FakeReply.Json(status, body));

        Assert.Equal(expected, error.Kind);
        Assert.Equal(status, error.HttpStatus);
        Assert.StartsWith("AG4", error.Message, StringComparison.Ordinal);
        Assert.Equal(expected is not (ModelErrorKind.Transient or ModelErrorKind.RateLimited), error.ToFailure().IsNonRetriable);
        Assert.Single(wire.Server.Requests);
    }

    [Theory]
    [InlineData("""{"error":{"message":"CUDA out of memory","type":"server_error","param":null,"code":500}}""", ModelErrorKind.Transient)]
    [InlineData("""{"error":{"message":"slow","type":"rate_limit_error"}}""", ModelErrorKind.RateLimited)]
    [InlineData("""{"object":"error","message":"aborted","type":"InternalServerError","code":500}""", ModelErrorKind.Transient)]
    [InlineData("""{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""", ModelErrorKind.Transient)]
    [InlineData("""{"error":"prompt is too long"}""", ModelErrorKind.ContextOverflow)]
    [InlineData("""{"error":{"message":"x","type":"insufficient_quota"}}""", ModelErrorKind.QuotaExhausted)]
    public async Task An_error_inside_the_stream_fails_the_attempt_although_done_follows(string data, ModelErrorKind expected)
    {
        await using var wire = await Wire.StartAsync();
        var error = await wire.ErrorAsync(FakeReply.Events(Chunks.Delta("""{"content":"half"}"""), data));

        Assert.Equal(expected, error.Kind);
    }

    [Theory]
    [InlineData("event: error\ndata: {\"message\":\"boom\"}\n\n")]
    [InlineData("error: {\"code\":500,\"message\":\"boom\",\"type\":\"server_error\"}\n\n")]
    public async Task Error_events_and_error_lines_are_read(string text)
    {
        await using var wire = await Wire.StartAsync();
        var error = await wire.ErrorAsync(FakeReply.Raw($"data: {Chunks.Delta("""{"content":"half"}""")}\n\n", text));

        Assert.Equal(ModelErrorKind.Transient, error.Kind);
        Assert.Contains("boom", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_that_is_no_json_fails_the_attempt()
    {
        await using var wire = await Wire.StartAsync();
        var error = await wire.ErrorAsync(FakeReply.Events("{\"choices\":[{"));

        Assert.Equal(ModelErrorKind.Transient, error.Kind);
    }

    [Theory]
    [InlineData(1500, "retry-after-ms", "1500", "retry-after", "9")]
    [InlineData(9000, "x-other", "1", "retry-after", "9")]
    [InlineData(2500, "x-other", "1", "Retry-After", "2.5")]
    [InlineData(60_000, "x-other", "1", "retry-after", "DATE+60")]
    [InlineData(0, "x-other", "1", "retry-after", "DATE-60")]
    [InlineData(86_400_000, "x-other", "1", "retry-after", "99999999")]
    [InlineData(null, "x-other", "1", "retry-after", "soon")]
    public async Task The_servers_wait_goes_through_history(int? expectedMs, string name, string value, string name2, string value2)
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));
        await using var wire = await Wire.StartAsync(clock);
        if (value2.StartsWith("DATE", StringComparison.Ordinal))
        {
            value2 = clock.GetUtcNow().AddSeconds(int.Parse(value2[4..], CultureInfo.InvariantCulture)).ToString("R", CultureInfo.InvariantCulture);
        }

        var error = await wire.ErrorAsync(FakeReply.Json(429, "{}", (name, value), (name2, value2)));
        var failure = error.ToFailure();

        Assert.Equal("Model.RateLimited", failure.ErrorType);
        Assert.Equal(ModelErrorKind.RateLimited, ModelFailure.KindOf(failure));
        Assert.Equal(expectedMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null, ModelFailure.RetryAfter(failure));
    }

    [Fact]
    public async Task A_huge_error_answer_is_read_within_a_bound()
    {
        await using var wire = await Wire.StartAsync();
        var error = await wire.ErrorAsync(FakeReply.Json(500, new string('e', 1 << 20)));

        Assert.InRange(error.Message.Length, 100, 2_000);
    }
}
