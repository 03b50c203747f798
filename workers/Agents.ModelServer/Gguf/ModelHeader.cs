namespace Agents.ModelServer.Gguf;

/// <summary>The keys that tell llama.cpp the sizes of a model of <see cref="ModelShape"/>.</summary>
public static class ModelHeader
{
    const string Architecture = "deepseek2";

    public static void Write(GgufWriter file, ModelShape s, string name)
    {
        file.Set("general.architecture", Architecture);
        file.Set("general.name", name);
        file.Set("general.file_type", 2u);
        file.Set("general.quantization_version", 2u);
        (string Key, int Value)[] numbers =
        [
            ("context_length", s.ContextTokens), ("embedding_length", s.Width), ("block_count", s.Layers),
            ("feed_forward_length", s.DenseWidth), ("attention.head_count", s.Heads), ("attention.head_count_kv", 1),
            ("leading_dense_block_count", 1), ("attention.q_lora_rank", s.QueryRank), ("attention.kv_lora_rank", s.KeyValueRank),
            ("attention.key_length", s.KeyValueRank + s.KeyRotary), ("attention.value_length", s.KeyValueRank),
            ("attention.key_length_mla", s.KeyPlain + s.KeyRotary), ("attention.value_length_mla", s.ValueWidth),
            ("expert_feed_forward_length", s.ExpertWidth), ("expert_count", s.Experts), ("expert_used_count", s.ExpertsUsed),
            ("expert_shared_count", 1), ("expert_gating_func", 2), ("rope.dimension_count", s.KeyRotary), ("vocab_size", s.VocabularySize),
        ];
        foreach (var (key, value) in numbers)
        {
            file.Set($"{Architecture}.{key}", (uint)value);
        }

        file.Set($"{Architecture}.attention.layer_norm_rms_epsilon", ModelShape.NormFloor);
        file.Set($"{Architecture}.expert_weights_scale", s.ExpertScale);
        file.Set($"{Architecture}.expert_weights_norm", true);
        file.Set($"{Architecture}.rope.freq_base", s.RotaryBase);
    }

    /// <summary>The sizes of a model that was written with <see cref="Write"/>.</summary>
    public static ModelShape Read(GgufFile file)
    {
        int Number(string key) => file.Keys.GetValueOrDefault($"{Architecture}.{key}") is long value
            ? checked((int)value)
            : throw new ModelServerException("AG4033", $"the file says nothing of {Architecture}.{key}", "use a file of this shape");
        float Real(string key) => file.Keys.GetValueOrDefault($"{Architecture}.{key}") is double value ? (float)value : 0;
        var rotary = Number("rope.dimension_count");
        return new ModelShape
        {
            ContextTokens = Number("context_length"), Width = Number("embedding_length"), Layers = Number("block_count"),
            DenseWidth = Number("feed_forward_length"), Heads = Number("attention.head_count"), QueryRank = Number("attention.q_lora_rank"),
            KeyValueRank = Number("attention.kv_lora_rank"), KeyPlain = Number("attention.key_length_mla") - rotary, KeyRotary = rotary,
            ValueWidth = Number("attention.value_length_mla"), ExpertWidth = Number("expert_feed_forward_length"), Experts = Number("expert_count"),
            ExpertsUsed = Number("expert_used_count"), VocabularySize = Number("vocab_size"), ExpertScale = Real("expert_weights_scale"),
            RotaryBase = Real("rope.freq_base"),
        };
    }
}
