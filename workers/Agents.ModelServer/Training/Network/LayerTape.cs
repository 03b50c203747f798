using Agents.ModelServer.Gguf;
using Agents.ModelServer.Training.Numerics;

namespace Agents.ModelServer.Training.Network;

/// <summary>What a layer computed for a chunk and needs again for the gradients. One thread uses it.</summary>
internal sealed unsafe class LayerTape(ModelShape s, int capacity, int inner, bool mixture) : IDisposable
{
    /// <summary>The stream before attention, and before what follows it.</summary>
    public Floats Input { get; } = new((long)capacity * s.Width);
    public Floats Middle { get; } = new((long)capacity * s.Width);

    /// <summary>Both after their norm.</summary>
    public Floats Normed { get; } = new((long)capacity * s.Width);
    public Floats MiddleNormed { get; } = new((long)capacity * s.Width);

    /// <summary>Latent query, latent key and value, and rotary key, side by side; then the latents after their norms.</summary>
    public Floats Latent { get; } = new((long)capacity * (s.QueryRank + s.KeyValueRank + s.KeyRotary));
    public Floats QueryLatent { get; } = new((long)capacity * s.QueryRank);
    public Floats KeyValueLatent { get; } = new((long)capacity * s.KeyValueRank);

    public Floats Query { get; } = new((long)capacity * s.Heads * (s.KeyPlain + s.KeyRotary));
    public Floats KeyValue { get; } = new((long)capacity * s.Heads * (s.KeyPlain + s.ValueWidth));
    public Floats KeyRotary { get; } = new((long)capacity * s.KeyRotary);

    /// <summary>What the heads saw, and for each head and token the logarithm of the sum of its exponentials.</summary>
    public Floats Seen { get; } = new((long)capacity * s.Heads * s.ValueWidth);
    public Floats LogSum { get; } = new((long)capacity * s.Heads);

    /// <summary>One over the root mean square of each token: input, query latent, key latent, middle.</summary>
    public Floats Inverse { get; } = new(4L * capacity);

    /// <summary>Gate and up of every expert of every token, expert by expert.</summary>
    public Floats GateUp { get; } = new((long)capacity * (mixture ? s.ExpertsUsed + 1 : 1) * 2 * inner);

    /// <summary>Of the chosen experts, per token: how much they count, and their unnormed share of all experts.</summary>
    public Floats Share { get; } = new((long)capacity * s.ExpertsUsed);
    public Floats Chance { get; } = new((long)capacity * s.Experts);
    public int[] Chosen { get; } = new int[mixture ? capacity * s.ExpertsUsed : 0];

    /// <summary>Places in <see cref="Chosen"/>, expert by expert; where each expert's begin.</summary>
    public int[] Places { get; } = new int[mixture ? capacity * s.ExpertsUsed : 0];
    public int[] Begins { get; } = new int[s.Experts + 1];

    public float* InverseOf(int which) => Inverse.At + ((long)which * capacity);

    public void Dispose()
    {
        foreach (var floats in (Floats[])
            [
                Input, Middle, Normed, MiddleNormed, Latent, QueryLatent, KeyValueLatent, Query, KeyValue, KeyRotary, Seen, LogSum,
                Inverse, GateUp, Share, Chance,
            ])
        {
            floats.Dispose();
        }
    }
}
