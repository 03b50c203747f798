using System.Globalization;
using Agents.Contracts.Pool;
using Agents.Pool.Routing;
using Microsoft.AspNetCore.Http;

namespace Agents.Pool.Passing;

/// <summary>What a caller says of a request beside its body. None of it is passed on.</summary>
sealed record CallHeaders(string? Run, string? Prefix, string? Tenant, RequestClass Class, TimeSpan? Deadline)
{
    const int NameMax = 200;
    const int DeadlineMsMax = 24 * 3_600_000;

    /// <summary>Throws <see cref="CallRefusedException"/> naming the header that cannot be read.</summary>
    public static CallHeaders Read(IHeaderDictionary headers) => new(
        Name(headers, PoolHeaders.Run), Name(headers, PoolHeaders.Prefix), Name(headers, PoolHeaders.Tenant),
        Value(headers, PoolHeaders.Class) switch
        {
            null or PoolHeaders.Interactive => RequestClass.Interactive,
            PoolHeaders.Batch => RequestClass.Batch,
            var other => throw Bad(PoolHeaders.Class, $"{PoolHeaders.Interactive} or {PoolHeaders.Batch}, not '{other}'"),
        },
        Value(headers, PoolHeaders.DeadlineMs) is { } text
            ? int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var ms) && ms is > 0 and <= DeadlineMsMax
                ? TimeSpan.FromMilliseconds(ms)
                : throw Bad(PoolHeaders.DeadlineMs, $"milliseconds from 1 to {DeadlineMsMax}")
            : null);

    static string? Value(IHeaderDictionary headers, string name) =>
        headers[name] is { Count: > 0 } values && values.ToString() is { Length: > 0 } text ? text : null;

    static string? Name(IHeaderDictionary headers, string name) => Value(headers, name) is not { } text ? null
        : text.Length <= NameMax && !text.AsSpan().ContainsAnyExceptInRange('!', '~') ? text
        : throw Bad(name, $"1 to {NameMax} printable ASCII characters without spaces");

    static CallRefusedException Bad(string header, string expected) => new(400, $"header {header}: expected {expected}");
}
