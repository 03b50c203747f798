namespace Agents.ModelServer.Gguf;

/// <summary>
/// A vocabulary of the 256 bytes and Kimi K2's special tokens, in which every text has exactly one reading; behind them
/// stands what was learnt, where something was.
/// </summary>
public static class ByteVocabulary
{
    const int Normal = 1;
    const int Control = 3;
    const int UserDefined = 4;
    const int Unused = 5;
    const int Bytes = 256;

    /// <summary>In this order behind the bytes; the first is number 256.</summary>
    public static IReadOnlyList<string> SpecialTokens { get; } =
    [
        "[BOS]", "[EOS]", "[PAD]", "<|im_end|>", "<|im_user|>", "<|im_assistant|>", "<|im_system|>", "<|im_middle|>",
        "<|tool_calls_section_begin|>", "<|tool_calls_section_end|>", "<|tool_call_begin|>", "<|tool_call_argument_begin|>",
        "<|tool_call_end|>", "<think>", "</think>",
    ];

    /// <summary>Number of the first merge that is learnt; the others follow in their order.</summary>
    public static int FirstMerge => Bytes + SpecialTokens.Count;

    /// <summary>The smallest vocabulary that holds them and the one merge that its kind of file must have.</summary>
    public static int SizeMin => Bytes + SpecialTokens.Count + 1;

    public static void Write(GgufWriter file, int size, LearntVocabulary? learnt = null)
    {
        // A merge of two letters that stand beside each other in no text one meets.
        var merges = learnt?.Merges ?? ["Q Z"];
        var phrases = learnt?.Phrases ?? [];
        if (size < Bytes + SpecialTokens.Count + merges.Count + phrases.Count)
        {
            throw new ArgumentOutOfRangeException(
                nameof(size), size, $"at least {Bytes + SpecialTokens.Count + merges.Count + phrases.Count}");
        }

        List<string> tokens = [.. Names(), .. SpecialTokens, .. merges.Select(m => m.Replace(" ", "", StringComparison.Ordinal)), .. phrases];
        List<int> kinds =
        [
            .. Enumerable.Repeat(Normal, Bytes), .. Enumerable.Repeat(Control, SpecialTokens.Count),
            .. Enumerable.Repeat(Normal, merges.Count), .. Enumerable.Repeat(UserDefined, phrases.Count),
        ];
        while (tokens.Count < size)
        {
            tokens.Add($"<unused{tokens.Count}>");
            kinds.Add(Unused);
        }

        file.Set("tokenizer.ggml.model", "gpt2");
        file.Set("tokenizer.ggml.pre", "kimi-k2");
        file.Set("tokenizer.ggml.tokens", tokens);
        file.Set("tokenizer.ggml.token_type", kinds);
        file.Set("tokenizer.ggml.merges", [.. merges]);
        file.Set("tokenizer.ggml.bos_token_id", Bytes);
        file.Set("tokenizer.ggml.eos_token_id", (uint)(Bytes + 3));
        file.Set("tokenizer.ggml.add_bos_token", false);
    }

    /// <summary>GPT-2 writes a byte that is no visible character as a character from 256 on.</summary>
    static IEnumerable<string> Names()
    {
        var hidden = Bytes;
        for (var value = 0; value < Bytes; value++)
        {
            yield return value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE
                ? ((char)value).ToString()
                : ((char)hidden++).ToString();
        }
    }
}
