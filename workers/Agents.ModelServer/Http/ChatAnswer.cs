using System.Buffers;
using System.Text;
using System.Text.Json;
using Agents.ModelServer.Generation;

namespace Agents.ModelServer.Http;

/// <summary>A chat completion.</summary>
sealed class ChatAnswer(AnswerHead head, IVocabulary vocabulary) : IAnswer
{
    readonly StringBuilder _reasoning = new();
    readonly StringBuilder _content = new();
    readonly List<(ReplyPart.CallBegin Begin, StringBuilder Arguments)> _calls = [];
    readonly List<Pick> _picks = [];

    public string Id => head.Id;

    public void Add(GenerationEvent.Token token)
    {
        _picks.Add(token.Pick);
        Add(token.Parts);
    }

    void Add(IReadOnlyList<ReplyPart> parts)
    {
        foreach (var part in parts)
        {
            _ = part switch
            {
                ReplyPart.Reasoning r => _reasoning.Append(r.Text),
                ReplyPart.Content c => _content.Append(c.Text),
                ReplyPart.CallArguments a => _calls[a.Index].Arguments.Append(a.Text),
                _ => null,
            };
            if (part is ReplyPart.CallBegin begin)
            {
                _calls.Add((begin, new StringBuilder()));
            }
        }
    }

    public ReadOnlyMemory<byte> Whole(GenerationEvent.Ended end)
    {
        Add(end.Parts);
        return WireJson.Object(json =>
        {
            Head(json, "chat.completion");
            json.WriteStartArray("choices");
            json.WriteStartObject();
            json.WriteNumber("index", 0);
            Message(json);
            if (head.Logprobs)
            {
                Logprobs(json, _picks);
            }

            TokenIds(json, _picks);
            json.WriteString("finish_reason", end.Reason);
            json.WriteEndObject();
            json.WriteEndArray();
            PromptIds(json);
            WireJson.Usage(json, end.Usage);
        });
    }

    void Message(Utf8JsonWriter json)
    {
        json.WriteStartObject("message");
        json.WriteString("role", "assistant");
        json.WriteString("content", _content.Length > 0 || _calls.Count == 0 ? _content.ToString() : null);
        if (_reasoning.Length > 0)
        {
            json.WriteString("reasoning_content", _reasoning.ToString());
        }

        if (_calls.Count > 0)
        {
            json.WriteStartArray("tool_calls");
            foreach (var (begin, arguments) in _calls)
            {
                json.WriteStartObject();
                Call(json, begin, arguments.ToString());
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    static void Call(Utf8JsonWriter json, ReplyPart.CallBegin begin, string arguments)
    {
        json.WriteString("id", begin.Id);
        json.WriteString("type", "function");
        json.WriteStartObject("function");
        json.WriteString("name", begin.Name);
        json.WriteString("arguments", arguments);
        json.WriteEndObject();
    }

    public void Begin(IBufferWriter<byte> to) => Chunk(to, PromptIds, delta =>
    {
        delta.WriteString("role", "assistant");
        delta.WriteString("content", "");
    });

    public void Write(IBufferWriter<byte> to, GenerationEvent.Token token)
    {
        if (token.Parts.Count > 0 || head.Logprobs || head.Ids)
        {
            Chunk(to, null, delta => Delta(delta, token.Parts), token.Pick);
        }
    }

    public void End(IBufferWriter<byte> to, GenerationEvent.Ended end, bool includeUsage)
    {
        if (end.Reason is "failed" or "stopped")
        {
            WireJson.Event(to, json => WireJson.Error(json, end.Failure ?? "the model server is stopping", "server_error", null));
            return; // without the mark of a whole stream
        }

        // What was held back comes with the end, in one event: whoever has the text has the end, and never one without the other.
        Chunk(to, null, delta => Delta(delta, end.Parts), finish: end.Reason);
        if (includeUsage)
        {
            WireJson.Event(to, json =>
            {
                Head(json, "chat.completion.chunk");
                json.WriteStartArray("choices");
                json.WriteEndArray();
                WireJson.Usage(json, end.Usage);
            });
        }

        to.Write("data: [DONE]\n\n"u8);
    }

    static void Delta(Utf8JsonWriter json, IReadOnlyList<ReplyPart> parts)
    {
        var reasoning = string.Concat(parts.OfType<ReplyPart.Reasoning>().Select(r => r.Text));
        if (reasoning.Length > 0)
        {
            json.WriteString("reasoning_content", reasoning);
        }

        var content = string.Concat(parts.OfType<ReplyPart.Content>().Select(c => c.Text));
        if (content.Length > 0)
        {
            json.WriteString("content", content);
        }

        var calls = parts.Where(p => p is ReplyPart.CallBegin or ReplyPart.CallArguments).ToList();
        if (calls.Count == 0)
        {
            return;
        }

        json.WriteStartArray("tool_calls");
        foreach (var call in calls)
        {
            json.WriteStartObject();
            if (call is ReplyPart.CallBegin begin)
            {
                json.WriteNumber("index", begin.Index);
                Call(json, begin, "");
            }
            else if (call is ReplyPart.CallArguments more)
            {
                json.WriteNumber("index", more.Index);
                json.WriteStartObject("function");
                json.WriteString("arguments", more.Text);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    void Chunk(IBufferWriter<byte> to, Action<Utf8JsonWriter>? top, Action<Utf8JsonWriter> delta, Pick? pick = null, string? finish = null) =>
        WireJson.Event(to, json =>
        {
            Head(json, "chat.completion.chunk");
            json.WriteStartArray("choices");
            json.WriteStartObject();
            json.WriteNumber("index", 0);
            json.WriteStartObject("delta");
            delta(json);
            json.WriteEndObject();
            if (pick is not null)
            {
                if (head.Logprobs)
                {
                    Logprobs(json, [pick]);
                }

                TokenIds(json, [pick]);
            }

            json.WriteString("finish_reason", finish);
            json.WriteEndObject();
            json.WriteEndArray();
            top?.Invoke(json);
        });

    void Head(Utf8JsonWriter json, string kind)
    {
        json.WriteString("id", head.Id);
        json.WriteString("object", kind);
        json.WriteNumber("created", head.Created);
        json.WriteString("model", head.Model);
    }

    void TokenIds(Utf8JsonWriter json, IReadOnlyList<Pick> picks)
    {
        if (head.Ids)
        {
            WireJson.Numbers(json, "token_ids", picks.Select(p => p.Token));
        }
    }

    void PromptIds(Utf8JsonWriter json)
    {
        if (head.Prompt is not null)
        {
            WireJson.Numbers(json, "prompt_token_ids", head.Prompt);
        }
    }

    void Logprobs(Utf8JsonWriter json, IReadOnlyList<Pick> picks)
    {
        json.WriteStartObject("logprobs");
        json.WriteStartArray("content");
        foreach (var pick in picks)
        {
            json.WriteStartObject();
            Logprob(json, pick.Token, pick.Logprob);
            json.WriteStartArray("top_logprobs");
            foreach (var (token, logprob) in pick.Top)
            {
                json.WriteStartObject();
                Logprob(json, token, logprob);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    void Logprob(Utf8JsonWriter json, int token, double logprob)
    {
        json.WriteString("token", Encoding.UTF8.GetString(vocabulary.Bytes(token)));
        json.WriteNumber("logprob", double.IsFinite(logprob) ? logprob : -9999);
        WireJson.Numbers(json, "bytes", vocabulary.Bytes(token).ToArray().Select(b => (int)b));
    }
}
