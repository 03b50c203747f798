using System.Text;
using Agents.ModelServer;
using Agents.ModelServer.Generation;
using Agents.ModelServer.Gguf;
using Agents.ModelServer.Native;
using Xunit;

namespace Agents.Tests.ModelServer.Native;

/// <summary>llama.cpp's own library, on a model of random weights that these tests write.</summary>
public sealed class NativeModelTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("native-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    string Place(string name) => Path.Combine(_folder, name);

    [Fact]
    public void The_library_is_the_release_this_build_was_written_for_and_computes_here()
    {
        var library = ModelLibrary.Load();
        Assert.StartsWith(ModelLibrary.ExpectedVersion, library.Version, StringComparison.Ordinal);
        Assert.Contains(library.Devices, d => !d.IsGpu && d.Name == "CPU");
    }

    [Fact]
    public void A_written_file_is_read_back_and_the_same_seed_gives_the_same_bytes()
    {
        var bytes = RandomModel.Write(Place("a.gguf"), ModelShape.Tiny, 5);
        RandomModel.Write(Place("b.gguf"), ModelShape.Tiny, 5);
        RandomModel.Write(Place("c.gguf"), ModelShape.Tiny, 6);
        Assert.Equal(new FileInfo(Place("a.gguf")).Length, bytes);
        Assert.Equal(File.ReadAllBytes(Place("a.gguf")), File.ReadAllBytes(Place("b.gguf")));
        Assert.NotEqual(File.ReadAllBytes(Place("a.gguf")), File.ReadAllBytes(Place("c.gguf")));
        var file = GgufFile.Read(Place("a.gguf"));
        Assert.Equal("deepseek2", file.Architecture);
        Assert.Equal((long)ModelShape.Tiny.Width, file.Keys["deepseek2.embedding_length"]);
        Assert.Equal(ModelShape.Tiny.VocabularySize, ((IReadOnlyList<object>)file.Keys["tokenizer.ggml.tokens"]).Count);
        var output = Assert.Single(file.Tensors, t => t.Name == "output.weight");
        Assert.Equal([ModelShape.Tiny.Width, ModelShape.Tiny.VocabularySize], output.Shape);
        Assert.All(file.Tensors, t => Assert.Equal(0, t.Position % GgufWriter.Alignment));
    }

    [Fact]
    public void Weights_survive_packing_to_within_half_a_step()
    {
        var chance = new Chance(3);
        var weights = Enumerable.Range(0, 320).Select(_ => (float)chance.NextNormal()).ToArray();
        var back = Q4.Unpack(Q4.Pack(weights));
        for (var block = 0; block < weights.Length; block += Q4.BlockWeights)
        {
            var step = weights.AsSpan(block, Q4.BlockWeights).ToArray().Max(Math.Abs) / 7;
            Assert.All(Enumerable.Range(block, Q4.BlockWeights), i => Assert.InRange(Math.Abs(weights[i] - back[i]), 0, (step * 0.51) + 1e-4));
        }

        Assert.Equal(Q4.Pack(back), Q4.Pack(Q4.Unpack(Q4.Pack(back))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("GGUF")]
    [InlineData("PK\x03\x04 something else")]
    public void What_is_no_model_is_refused_with_what_to_do(string content)
    {
        File.WriteAllText(Place("bad.gguf"), content);
        Assert.Equal("AG4033", Assert.Throws<ModelServerException>(() => GgufFile.Read(Place("bad.gguf"))).Code);
        Assert.Equal("AG4032", Assert.Throws<ModelServerException>(() => NativeModel.Load(ModelLibrary.Load(), Place("bad.gguf"))).Code);
        Assert.Equal("AG4032", Assert.Throws<ModelServerException>(() => NativeModel.Load(ModelLibrary.Load(), Place("none.gguf"))).Code);
    }

    [Fact]
    public void A_file_that_breaks_off_anywhere_is_refused_in_the_same_way()
    {
        RandomModel.Write(Place("whole.gguf"), ModelShape.Tiny, 5);
        var whole = File.ReadAllBytes(Place("whole.gguf"));
        for (var length = 0; length < 6_000; length += 131)
        {
            File.WriteAllBytes(Place("part.gguf"), whole[..length]);
            Assert.Equal("AG4033", Assert.Throws<ModelServerException>(() => GgufFile.Read(Place("part.gguf"))).Code);
        }
    }

    [Fact]
    public void A_folder_without_the_library_is_told_apart_from_another_library()
    {
        var one = ModelLibrary.Load();
        Assert.Same(one, ModelLibrary.Load(one.Folder));
        Assert.Equal("AG4031", Assert.Throws<ModelServerException>(() => ModelLibrary.Load(_folder)).Code);
    }

    [Fact]
    public void Every_byte_has_its_token_and_marks_written_out_are_text()
    {
        var vocabulary = SmallModel.Model.Vocabulary;
        const string Text = "Zażółć gęślą jaźń 😀 <|im_end|> <think>\n\t\0QZ";
        var tokens = vocabulary.Tokenize(Text);
        Assert.All(tokens, t => Assert.True(vocabulary.IsText(t)));
        Assert.Equal(Encoding.UTF8.GetBytes(Text), tokens.SelectMany(t => vocabulary.Bytes(t).ToArray()));
        var end = vocabulary.Special("<|im_end|>")!.Value;
        Assert.True(vocabulary.IsEnd(end) && !vocabulary.IsText(end));
        Assert.Contains(end, vocabulary.Tokenize(Text, marks: true));
        Assert.Null(vocabulary.Special("a"));
        Assert.Empty(vocabulary.Tokenize(""));
    }

    [Fact]
    public void A_shared_beginning_gives_the_logits_of_a_computed_one()
    {
        using var context = SmallModel.Context();
        var tokens = SmallModel.Model.Vocabulary.Tokenize("The same beginning, read once and shared by two who go on in different ways.");
        BatchEntry[] Entries(int[] list, int sequence, int from) =>
            [.. list.Select((t, i) => new BatchEntry(t, from + i, sequence, i == list.Length - 1))];
        var half = tokens.Length / 2;
        Assert.Equal(DecodeOutcome.Done, context.Decode(Entries(tokens[..half], 0, 0)));
        context.Share(0, 1, half);
        Assert.Equal(DecodeOutcome.Done, context.Decode(Entries(tokens[half..], 1, half)));
        var shared = context.Logits(tokens.Length - half - 1).ToArray();
        context.Remove(0);
        Assert.Equal(DecodeOutcome.Done, context.Decode(Entries(tokens, 2, 0)));
        var computed = context.Logits(tokens.Length - 1).ToArray();
        Assert.InRange(Cosine(shared, computed), 0.999, 1.001);
        Assert.True(computed.Distinct().Count() > 100, "the logits say nothing");
    }

    [Fact]
    public void Cells_are_counted_and_given_back()
    {
        using var context = SmallModel.Context(cells: 256, batch: 256);
        BatchEntry[] Entries(int count, int sequence) => [.. Enumerable.Range(0, count).Select(i => new BatchEntry(65, i, sequence, i == count - 1))];
        Assert.Equal(DecodeOutcome.Done, context.Decode(Entries(200, 0)));
        Assert.Equal(DecodeOutcome.NoRoom, context.Decode(Entries(100, 1)));
        context.Remove(0);
        Assert.Equal(DecodeOutcome.Done, context.Decode(Entries(100, 1)));
        Assert.InRange(context.MeasureBytesPerCell(), 100, 10_000);
    }

    static double Cosine(float[] a, float[] b)
    {
        double Dot(float[] x, float[] y) => x.Zip(y).Sum(p => (double)p.First * p.Second);
        return Dot(a, b) / Math.Sqrt(Dot(a, a) * Dot(b, b));
    }
}
