namespace Agents.ModelServer.Gguf;

/// <summary>
/// Sizes of a model built like Kimi K2 (architecture deepseek2): latent attention, a dense layer first, then layers of
/// experts with a shared one. Rows of weights are multiples of 32.
/// </summary>
public sealed record ModelShape
{
    /// <summary>Added to the mean square of a norm.</summary>
    public const float NormFloor = 1e-6f;

    public int Width { get; init; } = 64;
    public int Layers { get; init; } = 2;
    public int Heads { get; init; } = 2;
    public int QueryRank { get; init; } = 32;
    public int KeyValueRank { get; init; } = 32;

    /// <summary>Key width of a head without, and with, its position.</summary>
    public int KeyPlain { get; init; } = 32;
    public int KeyRotary { get; init; } = 32;
    public int ValueWidth { get; init; } = 32;
    public int Experts { get; init; } = 4;
    public int ExpertsUsed { get; init; } = 2;
    public int ExpertWidth { get; init; } = 32;
    public int DenseWidth { get; init; } = 64;

    /// <summary>Factor of what the chosen experts say together, beside the shared one.</summary>
    public float ExpertScale { get; init; } = 2.5f;

    /// <summary>Tokens after which the slowest pair of a rotary key has turned by about one radian.</summary>
    public float RotaryBase { get; init; } = 50_000f;

    /// <summary>Tokens of a conversation.</summary>
    public int ContextTokens { get; init; } = 8192;
    public int VocabularySize { get; init; } = 320;

    /// <summary>The smallest that is still one: some 100,000 weights. For tests.</summary>
    public static ModelShape Tiny { get; } = new();

    /// <summary>Some 11 million weights: one step takes about a millisecond on one core. For measurements.</summary>
    public static ModelShape Small { get; } = new()
    {
        Width = 256, Layers = 6, Heads = 4, QueryRank = 128, KeyValueRank = 128, KeyPlain = 64, KeyRotary = 32, ValueWidth = 64,
        Experts = 16, ExpertsUsed = 4, ExpertWidth = 128, DenseWidth = 512, VocabularySize = 2048,
    };
}
