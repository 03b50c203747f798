using System.Text;
using Xunit;

namespace Agents.Tests.Tools;

public sealed class ReadFileTests
{
    [Fact]
    public async Task Pieces_follow_each_other_and_never_cut_a_character()
    {
        await using var bench = new ToolBench();
        var text = string.Concat(Enumerable.Repeat("aé€😀\n", 500));
        bench.Write("наме 文.txt", text);
        var read = new StringBuilder();
        long offset = 0;
        for (var limit = 1; ; limit = (limit % 7) + 1)
        {
            var piece = await bench.AnswerAsync("read_file", ToolBench.Args(new { path = "наме 文.txt", offset, limit }));
            Assert.Equal(offset, piece.GetProperty("offset").GetInt64());
            Assert.Equal(Encoding.UTF8.GetByteCount(text), piece.GetProperty("size").GetInt64());
            read.Append(piece.GetProperty("text").GetString());
            if (piece.GetProperty("eof").GetBoolean())
            {
                break;
            }

            Assert.True(piece.GetProperty("next").GetInt64() > offset);
            offset = piece.GetProperty("next").GetInt64();
        }

        Assert.Equal(text, read.ToString());
    }

    [Fact]
    public async Task An_offset_inside_a_character_moves_behind_it()
    {
        await using var bench = new ToolBench();
        bench.Write("a.txt", "€uro");
        var piece = await bench.AnswerAsync("read_file", """{"path":"a.txt","offset":1}""");
        Assert.Equal((3L, "uro"), (piece.GetProperty("offset").GetInt64(), piece.GetProperty("text").GetString()));
    }

    [Fact]
    public async Task An_empty_file_is_read_as_nothing_at_its_end()
    {
        await using var bench = new ToolBench();
        bench.Write("empty.txt", "");
        var reply = await bench.ReplyAsync("read_file", """{"path":"empty.txt"}""");
        Assert.Equal("""{"path":"empty.txt","size":0,"offset":0,"text":"","eof":true}""", reply.Content);
    }

    [Fact]
    public async Task A_byte_order_mark_is_no_text()
    {
        await using var bench = new ToolBench();
        bench.Write("bom.md", "\uFEFF# Title");
        var read = await bench.AnswerAsync("read_file", """{"path":"bom.md"}""");
        Assert.Equal("# Title", read.GetProperty("text").GetString());
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_refused()
    {
        await using var bench = new ToolBench();
        File.WriteAllBytes(Path.Combine(bench.Root, "nul.bin"), [65, 0, 66]);
        File.WriteAllBytes(Path.Combine(bench.Root, "latin1.txt"), [0x63, 0x61, 0x66, 0xe9, 0x20, 0x21]);
        Assert.Contains("is binary", await bench.RefusalAsync("read_file", """{"path":"nul.bin"}"""));
        Assert.Contains("is binary", await bench.RefusalAsync("read_file", """{"path":"latin1.txt"}"""));
    }

    [Fact]
    public async Task The_head_of_a_huge_file_is_read_alone()
    {
        await using var bench = new ToolBench();
        var path = bench.Write("huge.txt", new string('x', 20_000));
        using (var file = new FileStream(path, FileMode.Open))
        {
            file.SetLength(6L << 30);
        }

        var read = await bench.AnswerAsync("read_file", """{"path":"huge.txt","limit":1000}""");
        Assert.Equal(6L << 30, read.GetProperty("size").GetInt64());
        Assert.Equal(1000, read.GetProperty("text").GetString()!.Length);
        Assert.False(read.GetProperty("eof").GetBoolean());
    }

    [Fact]
    public async Task What_vanished_or_lies_behind_the_end_is_refused_in_words()
    {
        await using var bench = new ToolBench();
        var path = bench.Write("a.txt", "x");
        Assert.Contains("behind the end", await bench.RefusalAsync("read_file", """{"path":"a.txt","offset":2}"""));
        File.Delete(path);
        Assert.Contains("vanished", await bench.RefusalAsync("read_file", """{"path":"a.txt"}"""));
    }
}
