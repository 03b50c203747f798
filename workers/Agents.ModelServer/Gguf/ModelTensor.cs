namespace Agents.ModelServer.Gguf;

/// <summary>What a tensor is for, and with that how it is stored and how it begins.</summary>
public enum TensorUse
{
    /// <summary>Weights of a product: INT4.</summary>
    Weights,

    /// <summary>The gain of a norm: floats, one at first.</summary>
    Gain,

    /// <summary>The weights that choose experts: floats.</summary>
    Router,

    /// <summary>What is added to choose experts evenly: floats, zero at first.</summary>
    Bias,
}

/// <summary>A tensor of a model of <see cref="ModelShape"/>; the shape has the row length first.</summary>
public sealed record ModelTensor(string Name, int[] Shape, TensorUse Use)
{
    const string Experts = "_exps";
    const string Shared = "_shexp";

    public int Count => Shape.Aggregate(1, (product, length) => checked(product * length));

    public TensorKind Kind => Use == TensorUse.Weights ? TensorKind.Q4 : TensorKind.F32;

    /// <summary>All tensors in the order of the file.</summary>
    public static IEnumerable<ModelTensor> Of(ModelShape shape)
    {
        yield return new("token_embd.weight", [shape.Width, shape.VocabularySize], TensorUse.Weights);
        yield return new("output_norm.weight", [shape.Width], TensorUse.Gain);
        yield return new("output.weight", [shape.Width, shape.VocabularySize], TensorUse.Weights);
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            foreach (var tensor in Attention(shape).Concat(layer == 0 ? Dense(shape) : Mixture(shape)))
            {
                yield return tensor with { Name = $"blk.{layer}.{tensor.Name}" };
            }
        }
    }

    static IEnumerable<ModelTensor> Attention(ModelShape s) =>
    [
        new("attn_norm.weight", [s.Width], TensorUse.Gain),
        new("attn_q_a_norm.weight", [s.QueryRank], TensorUse.Gain),
        new("attn_kv_a_norm.weight", [s.KeyValueRank], TensorUse.Gain),
        new("attn_q_a.weight", [s.Width, s.QueryRank], TensorUse.Weights),
        new("attn_q_b.weight", [s.QueryRank, s.Heads * (s.KeyPlain + s.KeyRotary)], TensorUse.Weights),
        new("attn_kv_a_mqa.weight", [s.Width, s.KeyValueRank + s.KeyRotary], TensorUse.Weights),
        new("attn_k_b.weight", [s.KeyPlain, s.KeyValueRank, s.Heads], TensorUse.Weights),
        new("attn_v_b.weight", [s.KeyValueRank, s.ValueWidth, s.Heads], TensorUse.Weights),
        new("attn_output.weight", [s.Heads * s.ValueWidth, s.Width], TensorUse.Weights),
        new("ffn_norm.weight", [s.Width], TensorUse.Gain),
    ];

    static IEnumerable<ModelTensor> Dense(ModelShape s) => FeedForward("", s.Width, s.DenseWidth);

    static IEnumerable<ModelTensor> Mixture(ModelShape s) =>
    [
        new("ffn_gate_inp.weight", [s.Width, s.Experts], TensorUse.Router),
        new("exp_probs_b.bias", [s.Experts], TensorUse.Bias),
        .. FeedForward(Experts, s.Width, s.ExpertWidth, s.Experts),
        .. FeedForward(Shared, s.Width, s.ExpertWidth),
    ];

    static IEnumerable<ModelTensor> FeedForward(string kind, int width, int inner, params int[] experts) =>
    [
        new($"ffn_gate{kind}.weight", [width, inner, .. experts], TensorUse.Weights),
        new($"ffn_up{kind}.weight", [width, inner, .. experts], TensorUse.Weights),
        new($"ffn_down{kind}.weight", [inner, width, .. experts], TensorUse.Weights),
    ];
}
