using System.Text.Json;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Inference.Requests;
using Agents.ModelServer.Scripted;

namespace Agents.Tests.ModelServer;

/// <summary>
/// Plays a run against the policy with nothing but requests: renders the conversation, asks for the next move, answers
/// its calls. Older steps can be left out the way the view of a long run leaves them out.
/// </summary>
sealed class ScriptedRun(Func<ToolCall, string> act, string goal, params string[] tools)
{
    const int StepsMax = 2_000;

    public static readonly string[] Digest = ["worklist_files", "worklist_next", "file_head", "append"];

    public static readonly string[] Audit =
        ["worklist_files", "worklist_next", "worklist_references", "check_reference", "suggest_replacement", "record_finding"];

    static readonly ModelProfile s_profile = new() { Name = "scripted", BaseUrl = "http://scripted.invalid/v1", Model = "scripted" };

    readonly List<(string Role, ModelReply? Reply, ToolCall? Call, string Text)> _items = [];

    public string? System { get; init; }

    /// <summary>Latest steps that are shown; null: all.</summary>
    public int? KeepLast { get; init; }

    /// <summary>What a person says once so many steps are done.</summary>
    public (int AfterStep, string Text)? Steer { get; init; }

    public int Steps { get; private set; }
    public int Calls { get; private set; }
    public int MostCallsInAStep { get; private set; }

    public string Play()
    {
        for (Steps = 0; Steps < StepsMax; Steps++)
        {
            if (Steer is { } steer && steer.AfterStep == Steps)
            {
                _items.Add(("user", null, null, steer.Text));
            }

            var move = Ask();
            if (move.Calls.Count == 0)
            {
                return move.Content!;
            }

            Run(move);
        }

        throw new InvalidOperationException($"no answer after {StepsMax} steps");
    }

    public string Request()
    {
        var render = new MessageRenderer(s_profile);
        var messages = new List<ReadOnlyMemory<byte>>();
        if (System is { } system)
        {
            messages.Add(render.System(system));
        }

        messages.Add(render.User(goal));
        var steps = _items.Select((item, i) => (item.Role, i)).Where(s => s.Role == "assistant").Select(s => s.i).ToList();
        var from = KeepLast is { } keep && steps.Count > keep ? steps[^keep] : 0;
        foreach (var (role, reply, call, text) in _items.Where((item, i) => i >= from || item.Role == "user"))
        {
            messages.Add(role switch
            {
                "assistant" => render.Assistant(reply!, 0),
                "tool" => render.Tool(call!, text, 0),
                _ => render.User(text),
            });
        }

        using var schema = JsonDocument.Parse("{\"type\":\"object\"}");
        using var body = new RequestBody(new ModelRequest
        {
            Profile = s_profile,
            Messages = messages,
            Tools = ToolRenderer.Render([.. tools.Select(t => new ToolSpec { Name = t, Parameters = schema.RootElement.Clone() })]),
        });
        return body.TextAsync(CancellationToken.None).GetAwaiter().GetResult();
    }

    Move Ask()
    {
        using var request = JsonDocument.Parse(Request());
        return ScriptedPolicy.Next(Conversation.Read(request.RootElement));
    }

    void Run(Move move)
    {
        MostCallsInAStep = Math.Max(MostCallsInAStep, move.Calls.Count);
        var calls = move.Calls.Select((c, i) => new ToolCall(i, $"functions.{c.Name}:{Calls + i}", c.Name, c.Arguments)).ToList();
        _items.Add(("assistant", new ModelReply { Reasoning = move.Reasoning, ToolCalls = calls, Finish = FinishReason.ToolCalls }, null, ""));
        foreach (var call in calls)
        {
            Calls++;
            _items.Add(("tool", null, call, act(call)));
        }
    }
}
