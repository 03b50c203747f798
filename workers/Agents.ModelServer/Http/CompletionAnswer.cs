using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Agents.ModelServer.Generation;

namespace Agents.ModelServer.Http;

/// <summary>A completion of tokens.</summary>
sealed class CompletionAnswer(AnswerHead head, IVocabulary vocabulary) : IAnswer
{
    readonly StringBuilder _text = new();
    readonly List<Pick> _picks = [];

    public string Id => head.Id;

    public void Add(GenerationEvent.Token token)
    {
        _picks.Add(token.Pick);
        _text.Append(Text(token.Parts));
    }

    public ReadOnlyMemory<byte> Whole(GenerationEvent.Ended end) => WireJson.Object(json =>
    {
        _text.Append(Text(end.Parts));
        Choice(json, _text.ToString(), _picks, end.Reason, isFirst: true);
        WireJson.Usage(json, end.Usage);
    });

    public void Begin(IBufferWriter<byte> to)
    {
        if (head.Prompt is not null)
        {
            WireJson.Event(to, json => Choice(json, "", [], null, isFirst: true));
        }
    }

    public void Write(IBufferWriter<byte> to, GenerationEvent.Token token)
    {
        if (token.Parts.Count > 0 || head.Logprobs || head.Ids)
        {
            WireJson.Event(to, json => Choice(json, Text(token.Parts), [token.Pick], null, isFirst: false));
        }
    }

    public void End(IBufferWriter<byte> to, GenerationEvent.Ended end, bool includeUsage)
    {
        if (end.Reason is "failed" or "stopped")
        {
            WireJson.Event(to, json => WireJson.Error(json, end.Failure ?? "the model server is stopping", "server_error", null));
            return; // without the mark of a whole stream
        }

        WireJson.Event(to, json => Choice(json, Text(end.Parts), [], end.Reason, isFirst: false));
        if (includeUsage)
        {
            WireJson.Event(to, json =>
            {
                Head(json);
                json.WriteStartArray("choices");
                json.WriteEndArray();
                WireJson.Usage(json, end.Usage);
            });
        }

        to.Write("data: [DONE]\n\n"u8);
    }

    static string Text(IReadOnlyList<ReplyPart> parts) => string.Concat(parts.OfType<ReplyPart.Content>().Select(c => c.Text));

    void Head(Utf8JsonWriter json)
    {
        json.WriteString("id", head.Id);
        json.WriteString("object", "text_completion");
        json.WriteNumber("created", head.Created);
        json.WriteString("model", head.Model);
    }

    void Choice(Utf8JsonWriter json, string text, IReadOnlyList<Pick> picks, string? finish, bool isFirst)
    {
        Head(json);
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        json.WriteString("text", text);
        if (head.Logprobs)
        {
            Logprobs(json, picks);
        }
        else
        {
            json.WriteNull("logprobs");
        }

        if (head.Ids)
        {
            WireJson.Numbers(json, "token_ids", picks.Select(p => p.Token));
        }

        if (head.Prompt is not null && isFirst)
        {
            WireJson.Numbers(json, "prompt_token_ids", head.Prompt);
        }

        json.WriteString("finish_reason", finish);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    void Logprobs(Utf8JsonWriter json, IReadOnlyList<Pick> picks)
    {
        json.WriteStartObject("logprobs");
        json.WriteStartArray("tokens");
        foreach (var pick in picks)
        {
            json.WriteStringValue(Name(pick.Token));
        }

        json.WriteEndArray();
        json.WriteStartArray("token_logprobs");
        foreach (var pick in picks)
        {
            json.WriteNumberValue(Finite(pick.Logprob));
        }

        json.WriteEndArray();
        json.WriteStartArray("top_logprobs");
        foreach (var pick in picks)
        {
            json.WriteStartObject();
            foreach (var (token, logprob) in pick.Top.DistinctBy(t => Name(t.Token)))
            {
                json.WriteNumber(Name(token), Finite(logprob));
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    static double Finite(double logprob) => double.IsFinite(logprob) ? logprob : -9999;

    // Bytes that are no whole character would look alike: those are named by their number.
    string Name(int token)
    {
        var text = Encoding.UTF8.GetString(vocabulary.Bytes(token));
        return text.Length == 0 || text.Contains('\uFFFD', StringComparison.Ordinal)
            ? string.Create(CultureInfo.InvariantCulture, $"token_id:{token}") : text;
    }
}
