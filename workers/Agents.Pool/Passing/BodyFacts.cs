using System.Security.Cryptography;
using System.Text.Json;

namespace Agents.Pool.Passing;

/// <summary>
/// What a request's body says that routing needs, read in one pass and without a copy. Texts are measured and their
/// beginning is hashed; nothing of them is kept.
/// </summary>
sealed record BodyFacts
{
    const int TokensMaxByDefault = 16_384;

    public string Model { get; private set; } = "";

    public int TokensMax { get; private set; } = TokensMaxByDefault;

    /// <summary>A name the caller gives its conversation: prompt_cache_key or session_id.</summary>
    public string? Conversation { get; private set; }

    /// <summary>Bytes of messages, tools and prompt.</summary>
    public long PromptBytes { get; private set; }

    /// <summary>Tokens of a prompt given as token ids; null for text.</summary>
    public int? PromptIds { get; private set; }

    /// <summary>Hash of tools and system messages: what runs of one kind share; null where there are none.</summary>
    public string? Head { get; private set; }

    public long HeadBytes { get; private set; }

    /// <summary>Hash of all that up to the first message of the user, or the prompt's beginning: names a conversation nobody named.</summary>
    public string? Opening { get; private set; }

    /// <summary>Throws <see cref="JsonException"/> where the body is no JSON object.</summary>
    public static BodyFacts Read(ReadOnlySpan<byte> body)
    {
        var facts = new BodyFacts();
        var spans = new Spans();
        var reader = new Utf8JsonReader(body);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("the body must be an object");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            facts.Take(ref reader, ref spans);
        }

        if (reader.TokenType != JsonTokenType.EndObject || reader.Read())
        {
            throw new JsonException("the body must be one object");
        }

        facts.Name(body, spans);
        return facts;
    }

    void Take(ref Utf8JsonReader reader, ref Spans spans)
    {
        if (reader.ValueTextEquals("model"u8))
        {
            reader.Read();
            Model = Text(ref reader) ?? "";
        }
        else if (reader.ValueTextEquals("max_tokens"u8) || reader.ValueTextEquals("max_completion_tokens"u8))
        {
            reader.Read();
            TokensMax = reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var most) && most > 0 ? most : TokensMax;
        }
        else if (reader.ValueTextEquals("prompt_cache_key"u8) || reader.ValueTextEquals("session_id"u8))
        {
            reader.Read();
            Conversation = Text(ref reader) ?? Conversation;
        }
        else if (reader.ValueTextEquals("tools"u8))
        {
            spans.Tools = Skip(ref reader);
        }
        else if (reader.ValueTextEquals("messages"u8))
        {
            Messages(ref reader, ref spans);
        }
        else if (reader.ValueTextEquals("prompt"u8))
        {
            Prompt(ref reader, ref spans);
        }
        else
        {
            reader.Read();
            reader.Skip();
        }
    }

    static string? Text(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return reader.GetString();
        }

        reader.Skip();
        return null;
    }

    static Range Skip(ref Utf8JsonReader reader)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return start..(int)reader.BytesConsumed;
    }

    void Messages(ref Utf8JsonReader reader, ref Spans spans)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        var (head, open) = (true, true);
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            var system = IsSystem(ref reader);
            head &= system;
            spans.SystemEnd = head ? (int)reader.BytesConsumed : spans.SystemEnd;
            spans.OpeningEnd = open ? (int)reader.BytesConsumed : spans.OpeningEnd;
            open &= system;
        }

        // Whatever else the list may hold is the server's to refuse.
        while (reader.TokenType != JsonTokenType.EndArray)
        {
            reader.Skip();
            reader.Read();
        }

        spans.Messages = start..(int)reader.BytesConsumed;
    }

    /// <summary>Reads one message to its end.</summary>
    static bool IsSystem(ref Utf8JsonReader reader)
    {
        var system = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var role = reader.ValueTextEquals("role"u8);
            reader.Read();
            system |= role && reader.TokenType == JsonTokenType.String && (reader.ValueTextEquals("system"u8) || reader.ValueTextEquals("developer"u8));
            reader.Skip();
        }

        return system;
    }

    void Prompt(ref Utf8JsonReader reader, ref Spans spans)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
        }
        else
        {
            var ids = 0;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                ids += reader.TokenType == JsonTokenType.Number ? 1 : 0;
                reader.Skip();
            }

            PromptIds = ids;
        }

        spans.Prompt = start..(int)reader.BytesConsumed;
    }

    void Name(ReadOnlySpan<byte> body, Spans spans)
    {
        const int PromptOpeningBytes = 2_048;
        var messages = spans.Messages.Start.Value;
        PromptBytes = Length(spans.Messages) + Length(spans.Tools) + Length(spans.Prompt);
        HeadBytes = Length(spans.Tools) + Math.Max(0, spans.SystemEnd - messages);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(System.Text.Encoding.UTF8.GetBytes(Model));
        hash.AppendData(body[spans.Tools]);
        if (spans.SystemEnd > 0)
        {
            hash.AppendData(body[messages..spans.SystemEnd]);
        }

        Head = HeadBytes > 0 ? Short(hash.GetCurrentHash()) : null;
        var from = spans.SystemEnd > 0 ? spans.SystemEnd : messages;
        if (spans.OpeningEnd > from)
        {
            hash.AppendData(body[from..spans.OpeningEnd]);
            Opening = Short(hash.GetCurrentHash());
        }
        else if (Length(spans.Prompt) > 0)
        {
            hash.AppendData(body[spans.Prompt][..Math.Min(Length(spans.Prompt), PromptOpeningBytes)]);
            Opening = Short(hash.GetCurrentHash());
        }
    }

    static int Length(Range range) => range.End.Value - range.Start.Value;

    static string Short(byte[] hash) => Convert.ToHexStringLower(hash.AsSpan(0, 12));

    struct Spans()
    {
        public Range Tools = 0..0;
        public Range Messages = 0..0;
        public Range Prompt = 0..0;
        public int SystemEnd;
        public int OpeningEnd;
    }
}
