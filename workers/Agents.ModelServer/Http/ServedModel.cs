using System.Collections.Concurrent;
using System.Text.Json;
using Agents.ModelServer.Chat;
using Agents.ModelServer.Generation;
using Agents.ModelServer.Native;
using Agents.ModelServer.Schemas;

namespace Agents.ModelServer.Http;

/// <summary>A loaded model with the generator that speaks for it.</summary>
public sealed class ServedModel : IAsyncDisposable
{
    const int GrammarsMax = 256;

    readonly NativeModel _model;
    readonly NativeContext _context;
    readonly ConcurrentDictionary<string, string> _grammars = new(StringComparer.Ordinal);
    readonly int[] _ends;
    readonly int[] _marks;
    readonly K2Marks? _k2;

    ServedModel(NativeModel model, NativeContext context, ServedModelOptions options, long bytesPerCell, TimeProvider clock)
    {
        (_model, _context, Id, BytesPerCell) = (model, context, options.Id, bytesPerCell);
        var vocabulary = model.Vocabulary;
        _k2 = K2Marks.Of(vocabulary);
        _ends = [.. Enumerable.Range(0, vocabulary.Count).Where(vocabulary.IsEnd)];
        _marks = _k2 is null ? _ends
            : [.. _ends.Union([_k2.SectionBegin, _k2.SectionEnd, _k2.CallBegin, _k2.ArgumentBegin, _k2.CallEnd]).Union(_k2.ThinkEnd is { } think ? [think] : [])];
        Generator = new Generator(
            context, vocabulary,
            new GeneratorOptions
            {
                SlotsMax = options.Slots, QueueMax = options.QueueMax, ContextTokens = options.ContextTokens, SharesPrefixes = model.CanShare,
            },
            clock);
    }

    /// <summary>The name requests call it by.</summary>
    public string Id { get; }

    public Generator Generator { get; }

    public NativeModel Model => _model;

    public int ContextTokens => Generator.Options.ContextTokens;

    public int Cells => _context.CellsMax;

    /// <summary>Memory a token of a conversation takes.</summary>
    public long BytesPerCell { get; }

    /// <summary>True when it calls tools; otherwise requests with tools are refused.</summary>
    public bool CallsTools => _k2 is not null;

    internal NativeVocabulary Vocabulary => _model.Vocabulary;

    /// <summary>Loads a file and starts its generator.</summary>
    public static ServedModel Load(ModelLibrary library, ServedModelOptions options, TimeProvider clock)
    {
        var model = NativeModel.Load(library, options.Path, options.GpuLayers);
        try
        {
            // Kept beginnings need sequences of their own beside the slots.
            var sequences = Math.Clamp(options.Slots * 8, options.Slots + 1, 256);
            var native = new NativeContextOptions
            {
                Cells = options.Cells, Sequences = sequences, BatchMax = Math.Min(options.Cells, 512), Threads = options.Threads,
            };
            var context = new NativeContext(model, native);
            var most = Math.Min(context.CellsMax - 64, model.ContextTokens > 0 ? model.ContextTokens : int.MaxValue);
            return new ServedModel(
                model, context, options with { ContextTokens = Math.Min(options.ContextTokens, most) }, context.MeasureBytesPerCell(), clock);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Submits a chat completion.</summary>
    internal (ReplyStream Stream, int[] Prompt) Submit(ChatRequest chat, JsonElement request)
    {
        var tokensMax = RequestFields.Count(request, "max_completion_tokens", 1, int.MaxValue)
            ?? RequestFields.Count(request, "max_tokens", 1, int.MaxValue) ?? int.MaxValue;
        var (prompt, shape) = _k2 is null ? PreparePlain(chat, request) : PrepareK2(_k2, chat, request);
        return (Submit(prompt, tokensMax, request, shape), prompt);
    }

    /// <summary>Submits a completion of tokens.</summary>
    internal ReplyStream SubmitCompletion(int[] prompt, JsonElement request)
    {
        IReadOnlyList<int> marks = RequestFields.Flag(request, "ignore_eos") ? [] : _marks;
        var stops = RequestFields.Stops(request);
        return Submit(
            prompt, RequestFields.Count(request, "max_tokens", 1, int.MaxValue) ?? 16, request,
            () => new PlainReply(Vocabulary, marks, stops, null));
    }

    ReplyStream Submit(int[] prompt, int tokensMax, JsonElement request, Func<IReplyShape> shape)
    {
        if (prompt.Length == 0)
        {
            throw RequestFields.Bad("the prompt is empty");
        }

        if (prompt.Length >= ContextTokens)
        {
            throw new RequestRefusedException(
                400, $"the prompt has {prompt.Length} tokens, and this model's maximum context length is {ContextTokens} tokens, reply included",
                "context_length_exceeded");
        }

        var sampling = RequestFields.Sampling(request, RequestFields.Logprobs(request), Vocabulary.Count);
        var generation = new GenerationRequest
        {
            Prompt = prompt, TokensMax = Math.Min(tokensMax, ContextTokens - prompt.Length), Sampling = sampling, Shape = shape(),
        };
        return RequestFields.Continued(request, Vocabulary.Count) is { Length: > 0 } reply
            ? Continue(generation, reply, RequestFields.Flag(request, "continue_echo"))
            : Generator.Submit(generation) ?? throw Busy();
    }

    /// <summary>Goes on with a reply that was begun elsewhere.</summary>
    ReplyStream Continue(GenerationRequest request, int[] reply, bool echo)
    {
        if (Continuation.Take(request.Shape, Vocabulary, reply) is not var (made, complete))
        {
            request.Shape.Dispose();
            throw RequestFields.Bad("'continue_token_ids' cannot be the beginning of a reply to this request");
        }

        request = request with { Reply = reply, Echo = echo ? made : [] };
        if (!complete && reply.Length < request.TokensMax)
        {
            return Generator.Submit(request) ?? throw Busy();
        }

        var rest = new List<ReplyPart>();
        request.Shape.Flush(rest);
        var reason = complete ? request.Shape.FinishReason : "length";
        request.Shape.Dispose();
        return ReplyStream.Of(
            request.Echo, new GenerationEvent.Ended(reason, new GenerationUsage(request.Prompt.Length, request.Prompt.Length, reply.Length), rest, null));
    }

    RequestRefusedException Busy()
    {
        var retryAfter = RetryAfterSeconds();
        return Generator.IsStopping
            ? new RequestRefusedException(503, "the model server is stopping", retryAfterSeconds: retryAfter)
            : new RequestRefusedException(
                429, $"{Generator.Options.QueueMax} requests wait already", "queue_full", retryAfter);
    }

    /// <summary>How long the queue takes, by how long replies took so far.</summary>
    int RetryAfterSeconds()
    {
        const int Longest = 60;
        var (_, count, sum) = Generator.Figures.TimeToEnd.Read();
        var each = count == 0 ? 1 : sum / count;
        return (int)Math.Clamp(Math.Ceiling(each * Generator.Figures.Waiting / Generator.Options.SlotsMax), 1, Longest);
    }

    (int[] Prompt, Func<IReplyShape> Shape) PrepareK2(K2Marks marks, ChatRequest chat, JsonElement request)
    {
        var (pieces, calls) = K2Template.Render(chat.Messages, chat.Tools, marks.ThinkEnd is not null, chat.Thinking);
        var options = new K2ReplyOptions
        {
            Thinks = marks.ThinkEnd is not null && chat.Thinking,
            Tools = chat.Callable.ToDictionary(t => t.Name, t => Grammar(t.Parameters)),
            MustCall = chat.MustCall,
            CallsMax = chat.Parallel ? 64 : 1,
            CallsBefore = calls,
            Stops = RequestFields.Stops(request),
            AnswerGrammar = chat.AnswerSchema.ValueKind == JsonValueKind.Undefined ? null : Grammar(chat.AnswerSchema),
        };
        return (PromptPiece.Tokenize(pieces, Vocabulary), () => new K2Reply(Vocabulary, marks, options, NewGrammar));
    }

    (int[] Prompt, Func<IReplyShape> Shape) PreparePlain(ChatRequest chat, JsonElement request)
    {
        if (chat.Callable.Count > 0)
        {
            throw RequestFields.Bad($"'{Id}' calls no tools: its vocabulary has no marks for calls that this server knows");
        }

        var text = _model.RenderKnownTemplate([.. chat.Messages.Select(m => (m.Role, m.Content))])
            ?? throw RequestFields.Bad($"'{Id}' has no chat format that this server knows: use /v1/completions");
        int[] prompt = [.. Vocabulary.BeginToken is { } begin ? [begin] : Array.Empty<int>(), .. Vocabulary.Tokenize(text, marks: true)];
        var stops = RequestFields.Stops(request);
        var grammar = chat.AnswerSchema.ValueKind == JsonValueKind.Undefined || _ends.Length == 0 ? null : Grammar(chat.AnswerSchema);
        return (prompt, () => new PlainReply(Vocabulary, _ends, stops, grammar is null ? null : NewGrammar(grammar)));
    }

    NativeGrammar NewGrammar(string text) => new(Vocabulary, text);

    string Grammar(JsonElement schema)
    {
        var key = schema.GetRawText();
        if (_grammars.Count > GrammarsMax)
        {
            _grammars.Clear();
        }

        return _grammars.GetOrAdd(key, _ => Readable(SchemaGrammar.Of(schema).Text));
    }

    /// <summary>A grammar the library cannot read leaves the value free: any JSON object.</summary>
    string Readable(string grammar)
    {
        try
        {
            NewGrammar(grammar).Dispose();
            return grammar;
        }
        catch (ArgumentException)
        {
            return SchemaGrammar.AnyObject.Text;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Generator.DisposeAsync();
        _context.Dispose();
        _model.Dispose();
    }
}

/// <summary>What to load and within what bounds.</summary>
public sealed record ServedModelOptions
{
    /// <summary>A GGUF file.</summary>
    public required string Path { get; init; }

    /// <summary>The name requests call it by.</summary>
    public required string Id { get; init; }

    /// <summary>Tokens of all conversations together, kept ones included.</summary>
    public int Cells { get; init; } = 32_768;

    /// <summary>Tokens of one conversation; the model's own bound holds too.</summary>
    public int ContextTokens { get; init; } = int.MaxValue;

    /// <summary>Replies made at once.</summary>
    public int Slots { get; init; } = 8;

    /// <summary>Requests that may wait.</summary>
    public int QueueMax { get; init; } = 64;

    public int Threads { get; init; } = ThreadsByDefault;

    /// <summary>Layers to hold on a GPU, where the library has a backend for one; -1 all.</summary>
    public int GpuLayers { get; init; } = -1;

    /// <summary>One core is left for everything else: threads that wait for each other on busy cores are slower than one.</summary>
    public static int ThreadsByDefault => Math.Max(1, Environment.ProcessorCount - 1);
}
