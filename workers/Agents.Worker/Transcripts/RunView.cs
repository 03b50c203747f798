using System.Globalization;
using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Effects;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Inference.Requests;
using Agents.Loop;
using Agents.Loop.Calls;
using Agents.Loop.View;

namespace Agents.Worker.Transcripts;

/// <summary>A view as the wire takes it: messages in order, and the digest that names it.</summary>
sealed record RenderedView(
    RunInput Input,
    ModelCallInput Call,
    IReadOnlyList<ReadOnlyMemory<byte>> Messages,
    ReadOnlyMemory<byte> Tools,
    string Digest,
    int Hidden);

/// <summary>
/// Folds and renders. Between two calls of a run only the new items are rendered; a request is a list of fragments that
/// already exist. Used under the lock of its <see cref="RunTranscript"/>.
/// </summary>
sealed class RunView
{
    const string DiscardNote =
        "Earlier steps are no longer shown. What they did is done; go on from the steps below.";

    readonly StoredEvents _events;
    readonly ViewFold _fold = new();
    readonly Dictionary<int, byte[]> _digests = [];
    readonly MessageRenderer _renderer;
    readonly Dictionary<string, ToolSpec> _specs;
    readonly ReadOnlyMemory<byte>[] _opening;
    readonly byte[] _tools;

    // Tool calls of the conversation before each reply: some servers want ids numbered through.
    readonly Dictionary<long, int> _callsBefore = [];
    readonly Dictionary<long, int> _places = [];
    MessageList _messages = MessageList.Empty;
    bool _fits = true;
    int _calls;
    int _counted;

    public RunView(StoredEvents events)
    {
        _events = events;
        Input = AgentRun.ReadInput(events.Input ?? throw new MissingItemException("the run's input"));
        _renderer = new MessageRenderer(Input.Model);
        _specs = Input.Tools.GroupBy(t => t.Name).ToDictionary(g => g.Key, g => g.Last(), StringComparer.Ordinal);
        _tools = ToolRenderer.Render(Input.Tools);
        _opening = Opening();
    }

    public RunInput Input { get; }

    public RenderedView Render(int taskId, ModelCallInput call, string callInput)
    {
        // Should an item be missing, the list no longer fits the fold and is made anew once the item is there.
        var appending = _fits && call.Previous == _fold.LastCall;
        _fits = false;
        if (!appending && !_fold.ReturnTo(call.Previous))
        {
            Rebuild(call.Previous);
        }

        var digest = Apply(taskId, call, callInput);
        _messages = !appending ? All() : call.Cut is null ? Appended(call) : Cut();
        _fits = true;
        return new RenderedView(Input, call, _messages, _tools, Convert.ToHexStringLower(digest), _fold.HiddenCount);
    }

    public ToolCall Call(ToolCallInput place)
    {
        var calls = Calls(Item(place.Message));
        return place.Call >= 0 && place.Call < calls.Count
            ? calls[place.Call]
            : throw new FormatException($"message {place.Message} has {calls.Count} tool calls, none at {place.Call}");
    }

    void Rebuild(int? last)
    {
        var chain = new Stack<(int TaskId, string Text, ModelCallInput Call)>();
        for (var id = last; id is { } taskId;)
        {
            var task = _events.Task(taskId) ?? throw new MissingItemException($"model call {taskId}");
            var call = ModelCallInput.Parse(task.Input);
            chain.Push((taskId, task.Input, call));
            id = call.Previous;
        }

        _fold.ReturnTo(null);
        foreach (var (taskId, text, call) in chain)
        {
            Apply(taskId, call, text);
        }
    }

    byte[] Apply(int taskId, ModelCallInput call, string callInput)
    {
        var digest = PromptChain.Next(
            call.Previous is { } previous ? _digests[previous] : null,
            callInput,
            PromptChain.Items(call, _events).ToArray());
        _fold.Apply(taskId, call);
        _digests[taskId] = digest;
        return digest;
    }

    // The common case: the new items join a list that stays as it is, except where results are hidden.
    MessageList Appended(ModelCallInput call)
    {
        var messages = _messages;
        foreach (var sequence in call.Hidden)
        {
            if (_places.TryGetValue(sequence, out var place) && Item(sequence) is { Placeholder.IsEmpty: false } item)
            {
                messages = messages.With(place, item.Placeholder);
            }
        }

        foreach (var item in call.Appended)
        {
            messages = Add(messages, item);
        }

        return messages;
    }

    // A cut conversation is short: made anew of what is still shown. What joins with this call was counted by nobody yet.
    MessageList Cut()
    {
        foreach (var item in _fold.Items.Skip(_counted))
        {
            Count(item);
        }

        var messages = MessageList.Empty;
        foreach (var place in _fold.Shown)
        {
            messages = Show(messages, _fold.Items[place]);
            messages = place == 0 ? messages.Add(_renderer.User(DiscardNote)) : messages;
        }

        return messages;
    }

    MessageList All()
    {
        _calls = 0;
        _counted = 0;
        _callsBefore.Clear();
        _places.Clear();
        if (_fold.IsCut)
        {
            return Cut();
        }

        var messages = MessageList.Empty;
        foreach (var item in _fold.Items)
        {
            messages = Add(messages, item);
        }

        return messages;
    }

    MessageList Add(MessageList messages, ViewItem item)
    {
        Count(item);
        return Show(messages, item);
    }

    void Count(ViewItem item)
    {
        _counted++;
        if (item is ViewItem.Stored stored && stored.Sequence != _events.InputSequence
            && Item(stored.Sequence) is { Kind: StoredKind.Reply } reply)
        {
            _callsBefore[stored.Sequence] = _calls;
            _calls += Calls(reply).Count;
        }
    }

    MessageList Show(MessageList messages, ViewItem item)
    {
        switch (item)
        {
            case ViewItem.UserNote note:
                return messages.Add(_renderer.User(note.Text));
            case ViewItem.ToolNote note:
                var ordinal = _callsBefore[note.Message] + note.Call;
                return messages.Add(_renderer.Tool(Call(new ToolCallInput(note.Message, note.Call)), note.Text, ordinal));
            case ViewItem.Stored stored when stored.Sequence == _events.InputSequence:
                return _opening.Aggregate(messages, (list, message) => list.Add(message));
            case ViewItem.Stored stored:
                _places[stored.Sequence] = messages.Count;
                return messages.Add(Stored(stored.Sequence));
            default:
                throw new InvalidOperationException($"view item {item.GetType().Name} cannot be rendered");
        }
    }

    ReadOnlyMemory<byte> Stored(long sequence)
    {
        var item = Item(sequence);
        if (!item.IsRendered)
        {
            var before = item.Bytes;
            RenderItem(item, sequence);
            _events.Resized(before, item.Bytes);
        }

        return _fold.IsHidden(sequence) && !item.Placeholder.IsEmpty ? item.Placeholder : item.Rendered;
    }

    void RenderItem(StoredItem item, long sequence)
    {
        switch (item.Kind)
        {
            case StoredKind.Reply:
                item.Keep(_renderer.Assistant(item.Reply(), _callsBefore[sequence]));
                break;
            case StoredKind.Steer:
                item.Keep(_renderer.User(RunEvents.SteerText(item.Text) ?? ""));
                break;
            default:
                var place = ToolCallInput.Parse(_events.Task(item.TaskId)!.Input);
                var call = Call(place);
                var ordinal = _callsBefore[place.Message] + place.Call;
                var reply = item.ToolReply();
                item.Keep(
                    _renderer.Tool(call, reply, ordinal),
                    _renderer.Tool(call, Placeholder(call.Name, reply), ordinal));
                break;
        }
    }

    StoredItem Item(long sequence) => _events.Item(sequence) ?? throw new MissingItemException($"event {sequence}");

    static IReadOnlyList<ToolCall> Calls(StoredItem item) => item.IsRendered ? item.Calls : item.Reply().ToolCalls;

    /// <summary>Says what is gone and how to get it back, without inviting the model to repeat an effect.</summary>
    string Placeholder(string tool, ToolReply reply)
    {
        var bytes = System.Text.Encoding.UTF8.GetByteCount(reply.Content);
        var advice = reply.Artifact is { } handle
            ? $"Read it in full with read_artifact, handle {handle}."
            : _specs.TryGetValue(tool, out var spec) && spec.Effect == EffectClass.ReadOnly
                ? "Call the tool again if you need it."
                : "The call was carried out; do not repeat it to see its result.";
        return string.Create(
            CultureInfo.InvariantCulture, $"[Result of {tool} hidden to save space ({bytes} bytes). {advice}]");
    }

    ReadOnlyMemory<byte>[] Opening()
    {
        var system = SystemText();
        return system is null
            ? [_renderer.User(Input.Goal)]
            : [_renderer.System(system), _renderer.User(Input.Goal)];
    }

    // Several servers refuse response_format beside tools, or never call a tool under it: there the schema is told in
    // words, and the loop checks the answer in either case.
    string? SystemText()
    {
        if (Input.OutputSchema is not { } schema || Input.Tools.Count == 0)
        {
            return Input.System;
        }

        var told = "Your final answer must be one JSON document, without any text around it, that meets this JSON schema:\n"
            + JsonSerializer.Serialize(schema, ContractsJson.Plain.JsonElement);
        return string.IsNullOrEmpty(Input.System) ? told : $"{Input.System}\n\n{told}";
    }
}
