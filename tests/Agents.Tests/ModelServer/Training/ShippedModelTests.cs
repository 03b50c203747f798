using System.Security.Cryptography;
using System.Text.Json;
using Agents.ModelServer.Gguf;
using Agents.Tests.Tidy;
using Xunit;

namespace Agents.Tests.ModelServer.Training;

/// <summary>The shipped model is the one its manifest describes.</summary>
public sealed class ShippedModelTests
{
    const string Folder = "workers/Agents.ModelServer/Model";
    const long BytesMax = 20_000_000;

    static JsonElement Manifest => JsonDocument.Parse(Repository.Read($"{Folder}/manifest.json")).RootElement;

    static string File => Path.Combine(Repository.Root, Folder, Manifest.GetProperty("file").GetString()!);

    [Fact]
    public void Its_bytes_are_those_of_the_manifest_and_few()
    {
        var bytes = System.IO.File.ReadAllBytes(File);
        Assert.Equal(Manifest.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(bytes)));
        Assert.Equal(Manifest.GetProperty("bytes").GetInt64(), bytes.Length);
        Assert.InRange(bytes.Length, 1, BytesMax);
    }

    [Fact]
    public void It_is_built_like_kimi_k2_and_its_weights_are_int4()
    {
        var file = GgufFile.Read(File);
        Assert.Equal("deepseek2", file.Architecture);
        Assert.Equal(Manifest.GetProperty("weights").GetInt64(), file.Tensors.Sum(t => t.Shape.Aggregate(1L, (a, b) => a * b)));
        var shape = Manifest.GetProperty("shape");
        Assert.Equal(shape.GetProperty("width").GetInt64(), file.Keys["deepseek2.embedding_length"]);
        Assert.Equal(shape.GetProperty("layers").GetInt64(), file.Keys["deepseek2.block_count"]);
        Assert.Equal(shape.GetProperty("experts").GetInt64(), file.Keys["deepseek2.expert_count"]);
        Assert.All(file.Tensors.Where(t => t.Shape.Count > 1 && !t.Name.Contains("ffn_gate_inp", StringComparison.Ordinal)),
            t => Assert.Equal((uint)TensorKind.Q4, t.Kind));
    }

    [Fact]
    public void Its_figures_are_within_its_tolerance()
    {
        var (figures, tolerance) = (Manifest.GetProperty("figures"), Manifest.GetProperty("tolerance"));
        Assert.True(figures.GetProperty("parityCosine").GetDouble() >= tolerance.GetProperty("parityCosine").GetDouble());
        var exact = figures.GetProperty("testRepliesExact").GetDouble() / figures.GetProperty("testReplies").GetDouble();
        Assert.True(exact >= tolerance.GetProperty("testRepliesExactPart").GetDouble(), $"{exact}");
    }
}
