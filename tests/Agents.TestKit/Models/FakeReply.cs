namespace Agents.TestKit.Models;

/// <summary>One answer of the fake model server: status, headers, and what it does with the body, part by part.</summary>
public sealed record FakeReply
{
    public int Status { get; init; } = 200;
    public string ContentType { get; init; } = "text/event-stream";
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();
    public IReadOnlyList<FakePart> Parts { get; init; } = [];

    /// <summary>Events with these data, then [DONE].</summary>
    public static FakeReply Events(params string[] data) => Raw([.. data.Select(d => $"data: {d}\n\n"), "data: [DONE]\n\n"]);

    /// <summary>These texts, each flushed on its own, then the end.</summary>
    public static FakeReply Raw(params string[] texts) => new() { Parts = [.. texts.Select(t => new FakePart.Text(t))] };

    /// <summary>Events, then the connection is cut.</summary>
    public static FakeReply Cut(params string[] data) => new()
    {
        Parts = [.. data.Select(d => new FakePart.Text($"data: {d}\n\n")), new FakePart.CutOff()],
    };

    /// <summary>Events, then silence until the caller leaves.</summary>
    public static FakeReply Silent(params string[] data) => new()
    {
        Parts = [.. data.Select(d => new FakePart.Text($"data: {d}\n\n")), new FakePart.Silence()],
    };

    /// <summary>One JSON document.</summary>
    public static FakeReply Json(int status, string body, params (string Name, string Value)[] headers) => new()
    {
        Status = status,
        ContentType = "application/json",
        Headers = headers.ToDictionary(h => h.Name, h => h.Value),
        Parts = [new FakePart.Text(body)],
    };

    /// <summary>A plain streamed answer.</summary>
    public static FakeReply Answer(string content, string reasoning = "I know this.") => Events(
        Chunks.Delta($$"""{"role":"assistant","reasoning_content":{{Chunks.Quote(reasoning)}}}"""),
        Chunks.Delta($$"""{"content":{{Chunks.Quote(content)}}}"""),
        Chunks.Finish("stop"),
        Chunks.Usage(100, 10));

    /// <summary>Streamed tool calls: name and arguments of each.</summary>
    public static FakeReply Calls(params (string Name, string Arguments)[] calls) => Events(
    [
        Chunks.Delta("""{"role":"assistant","reasoning_content":"I need a tool."}"""),
        .. calls.Select((c, i) => Chunks.Call(i, $"functions.{c.Name}:{i}", c.Name, c.Arguments)),
        Chunks.Finish("tool_calls"),
        Chunks.Usage(100, 20),
    ]);
}

/// <summary>A thing the fake server does while it answers.</summary>
public abstract record FakePart
{
    /// <summary>Writes this text and flushes it.</summary>
    public sealed record Text(string Value) : FakePart;

    /// <summary>Cuts the connection in the middle of the body.</summary>
    public sealed record CutOff : FakePart;

    /// <summary>Says nothing more until the caller leaves.</summary>
    public sealed record Silence : FakePart;

    /// <summary>Waits for the test.</summary>
    public sealed record Wait(Task Until) : FakePart;
}
