using System.Text.Encodings.Web;
using System.Text.Json;

namespace Agents.Replay;

/// <summary>The SDK's generic vocabulary over the raw members: values travel as JSON in the web style.</summary>
public static class OrchestrationContextExtensions
{
    static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static T? GetInput<T>(this OrchestrationContext context) => Read<T>(context.RawInput);

    public static async Task<T> CallActivityAsync<T>(
        this OrchestrationContext context, string name, object? input = null, TaskOptions? options = null) =>
        Read<T>((await context.CallActivityRawAsync(name, Write(input), options)).Value)!;

    public static Task CallActivityAsync(
        this OrchestrationContext context, string name, object? input = null, TaskOptions? options = null) =>
        context.CallActivityRawAsync(name, Write(input), options);

    public static async Task<T> CallSubOrchestratorAsync<T>(
        this OrchestrationContext context, string name, object? input = null, SubOrchestrationOptions? options = null) =>
        Read<T>(await context.CallSubOrchestratorRawAsync(name, Write(input), options))!;

    public static Task CallSubOrchestratorAsync(
        this OrchestrationContext context, string name, object? input = null, SubOrchestrationOptions? options = null) =>
        context.CallSubOrchestratorRawAsync(name, Write(input), options);

    public static async Task<T> WaitForExternalEvent<T>(
        this OrchestrationContext context, string name, CancellationToken cancel = default) =>
        Read<T>((await context.WaitForExternalEventRaw(name, cancel)).Input)!;

    /// <summary>
    /// As above, until the timeout: then the wait takes no event and the task is cancelled
    /// (<see cref="TaskCanceledException"/>). An event that is there already costs no timer.
    /// </summary>
    public static async Task<T> WaitForExternalEvent<T>(
        this OrchestrationContext context, string name, TimeSpan timeout, CancellationToken cancel = default)
    {
        using var loser = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var arrival = context.WaitForExternalEventRaw(name, loser.Token);
        if (!arrival.IsCompleted)
        {
            await Task.WhenAny(arrival, context.CreateTimer(timeout, loser.Token));
            loser.Cancel(); // CancelAsync would leave this thread
        }

        return Read<T>((await arrival).Input)!;
    }

    public static Task CreateTimer(
        this OrchestrationContext context, TimeSpan delay, CancellationToken cancel = default) =>
        context.CreateTimer(context.CurrentUtcDateTime + delay, cancel);

    public static void ContinueAsNew(
        this OrchestrationContext context,
        object? input = null,
        bool preserveUnprocessedEvents = true,
        string? newVersion = null) =>
        context.ContinueAsNewRaw(Write(input), preserveUnprocessedEvents, newVersion);

    public static void SetCustomStatus(this OrchestrationContext context, object? status) =>
        context.SetCustomStatusRaw(Write(status));

    static string? Write(object? value) => value is null ? null : JsonSerializer.Serialize(value, value.GetType(), s_json);

    static T? Read<T>(string? json) => json is null ? default : JsonSerializer.Deserialize<T>(json, s_json);
}
