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
}
