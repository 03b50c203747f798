using System.Runtime.InteropServices;
using Agents.ModelServer.Generation;

namespace Agents.ModelServer.Gguf;

/// <summary>
/// Writes a model of random weights: built like a real one and as fast, and it says nothing that means anything. For tests
/// and measurements. The same shape and seed give the same bytes.
/// </summary>
public static class RandomModel
{
    const string Architecture = "deepseek2";

    /// <summary>Writes the file and returns its size in bytes.</summary>
    public static long Write(string path, ModelShape shape, ulong seed)
    {
        var file = new GgufWriter();
        Describe(file, shape);
        ByteVocabulary.Write(file, shape.VocabularySize);
        var chance = new Chance(seed);
        AddTensors(new Tensors(file, chance), shape);
        return file.Save(path);
    }

    static void Describe(GgufWriter file, ModelShape s)
    {
        file.Set("general.architecture", Architecture);
        file.Set("general.name", "random weights");
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

        file.Set($"{Architecture}.attention.layer_norm_rms_epsilon", 1e-6f);
        file.Set($"{Architecture}.expert_weights_scale", 2.5f);
        file.Set($"{Architecture}.expert_weights_norm", true);
        file.Set($"{Architecture}.rope.freq_base", 50_000f);
    }

    static void AddTensors(Tensors t, ModelShape s)
    {
        t.Weights("token_embd.weight", s.Width, s.VocabularySize);
        t.Ones("output_norm.weight", s.Width);
        t.Weights("output.weight", s.Width, s.VocabularySize);
        for (var layer = 0; layer < s.Layers; layer++)
        {
            var p = $"blk.{layer}.";
            t.Ones(p + "attn_norm.weight", s.Width);
            t.Ones(p + "attn_q_a_norm.weight", s.QueryRank);
            t.Ones(p + "attn_kv_a_norm.weight", s.KeyValueRank);
            t.Weights(p + "attn_q_a.weight", s.Width, s.QueryRank);
            t.Weights(p + "attn_q_b.weight", s.QueryRank, s.Heads * (s.KeyPlain + s.KeyRotary));
            t.Weights(p + "attn_kv_a_mqa.weight", s.Width, s.KeyValueRank + s.KeyRotary);
            t.Weights(p + "attn_k_b.weight", s.KeyPlain, s.KeyValueRank, s.Heads);
            t.Weights(p + "attn_v_b.weight", s.KeyValueRank, s.ValueWidth, s.Heads);
            t.Weights(p + "attn_output.weight", s.Heads * s.ValueWidth, s.Width);
            t.Ones(p + "ffn_norm.weight", s.Width);
            if (layer == 0)
            {
                t.FeedForward(p, "", s.Width, s.DenseWidth);
                continue;
            }

            t.Floats(p + "ffn_gate_inp.weight", 1 / MathF.Sqrt(s.Width), s.Width, s.Experts);
            t.Floats(p + "exp_probs_b.bias", 0, s.Experts);
            t.FeedForward(p, "_exps", s.Width, s.ExpertWidth, s.Experts);
            t.FeedForward(p, "_shexp", s.Width, s.ExpertWidth);
        }
    }

    sealed class Tensors(GgufWriter file, Chance chance)
    {
        public void Ones(string name, int length) =>
            file.Add(name, [length], TensorKind.F32, () => Bytes(Enumerable.Repeat(1f, length)));

        public void Floats(string name, float deviation, params int[] shape) =>
            file.Add(name, Long(shape), TensorKind.F32, () => Bytes(Drawn(shape, deviation)));

        public void Weights(string name, params int[] shape) =>
            file.Add(name, Long(shape), TensorKind.Q4, () => Q4.Pack([.. Drawn(shape, 1 / MathF.Sqrt(shape[0]))]));

        public void FeedForward(string prefix, string kind, int width, int inner, params int[] experts)
        {
            Weights($"{prefix}ffn_gate{kind}.weight", [width, inner, .. experts]);
            Weights($"{prefix}ffn_up{kind}.weight", [width, inner, .. experts]);
            Weights($"{prefix}ffn_down{kind}.weight", [inner, width, .. experts]);
        }

        IEnumerable<float> Drawn(int[] shape, float deviation)
        {
            var count = shape.Aggregate(1, (product, length) => checked(product * length));
            for (var i = 0; i < count; i++)
            {
                yield return (float)chance.NextNormal() * deviation;
            }
        }

        static long[] Long(int[] shape) => [.. shape.Select(l => (long)l)];

        static byte[] Bytes(IEnumerable<float> values) => MemoryMarshal.AsBytes<float>(values.ToArray()).ToArray();
    }
}
