using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Effects;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Contracts.Work;
using Agents.Loop;
using Agents.Loop.Calls;
using Agents.Loop.View;

using Xunit;

namespace Agents.Tests.Loop;

/// <summary>A model and tools that answer from a script; what they were asked is kept.</summary>
sealed class LoopScript
{
    /// <summary>The reply to model call number n (from 0), given its input.</summary>
    public required Func<int, ModelCallInput, ActivityOutcome> Model { get; init; }

    public Func<ActivityWorkItem, ActivityOutcome> Tool { get; init; } = _ => Result("done");

    /// <summary>Told before each activity is answered.</summary>
    public Action<ActivityWorkItem>? Before { get; set; }

    public List<ModelCallInput> Calls { get; } = [];

    public List<ActivityWorkItem> Tools { get; } = [];

    public Task<ActivityOutcome> Answer(ActivityWorkItem item, FakeActivityContext context)
    {
        Before?.Invoke(item);
        if (item.Name == AgentRun.CallModel)
        {
            var call = ModelCallInput.Parse(item.Input);
            Calls.Add(call);
            return Task.FromResult(Model(Calls.Count - 1, call));
        }

        Tools.Add(item);
        return Task.FromResult(Tool(item));
    }

    public static LoopScript Of(params ActivityOutcome[] replies) => new()
    {
        Model = (n, _) => n < replies.Length ? replies[n] : throw new InvalidOperationException($"no reply scripted for call {n}"),
    };

    public static RunInput Input(params ToolSpec[] tools) => new()
    {
        Name = "test",
        Goal = "count the files",
        Model = new ModelProfile { Name = "scripted", BaseUrl = "http://model.invalid/v1", Model = "scripted" },
        Tools = tools,
    };

    public static ToolSpec Spec(string name, EffectClass effect = EffectClass.ReadOnly, bool parallel = false) => new()
    {
        Name = name,
        Parameters = Json("""{"type":"object"}"""),
        Effect = effect,
        Parallel = parallel,
    };

    public static JsonElement Json(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    public static ActivityOutcome Reply(ModelReply reply) =>
        new ActivityOutcome.Completed(JsonSerializer.Serialize(reply, ContractsJson.Plain.ModelReply));

    public static ActivityOutcome Says(string content, TokenUsage? usage = null) =>
        Reply(new ModelReply { Content = content, Finish = FinishReason.Stop, Usage = usage ?? new(10, 0, 0, 5) });

    public static ActivityOutcome Asks(params ToolCall[] calls) => Asks(new TokenUsage(10, 0, 0, 5), calls);

    public static ActivityOutcome Asks(TokenUsage usage, params ToolCall[] calls) =>
        Reply(new ModelReply { Reasoning = "hm", ToolCalls = calls, Finish = FinishReason.ToolCalls, Usage = usage });

    public static ToolCall Call(string tool, string arguments = "{}", int index = 0) =>
        new(index, $"functions.{tool}:{index}", tool, arguments);

    public static ActivityOutcome Result(string content, bool bad = false) =>
        new ActivityOutcome.Completed(JsonSerializer.Serialize(
            new ToolReply { Content = content, IsError = bad, IsBadCall = bad }, ContractsJson.Plain.ToolReply));

    public static ActivityOutcome Fails(ModelErrorKind kind, TimeSpan? wait = null) =>
        new ActivityOutcome.Failed(ModelFailure.Create(kind, $"{kind} happened", wait));

    public static ActivityOutcome ToolFails(string message, bool retriable) =>
        new ActivityOutcome.Failed(new FailureDetails("AG5000", message, IsNonRetriable: !retriable));
}
