using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Inference.Profiles;
using Agents.Inference.Streaming;
using Agents.ModelServer.Gguf;
using Agents.ModelServer.Http;
using Agents.ModelServer.Native;
using Agents.ModelServer.Training.Lessons;
using Agents.Worker;
using Xunit;

namespace Agents.Tests.ModelServer.Http;

/// <summary>The model that comes along, at its own work, and random weights of its shape, which must fail at it.</summary>
public sealed class EmbeddedModelTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("embedded-").FullName;

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // What the shipped model reaches today, with room for other processors' rounding; ./dev bench model has the whole exam.
    [Fact]
    public async Task Most_findings_on_small_trees_it_never_saw_are_right()
    {
        Assert.SkipUnless(File.Exists(EmbeddedModel.FilePath), "no embedded model is shipped");
        var results = await ExamineAsync(EmbeddedModel.FilePath, 4, s_small);

        Assert.InRange(results.Sum(r => r.Right), results.Sum(r => r.Expected) / 2, int.MaxValue);
    }

    [Fact]
    public async Task Random_weights_under_the_same_grammar_fail()
    {
        var file = Path.Combine(_folder, "random.gguf");
        var vocabulary = LessonVerbs.Vocabulary();
        var shape = File.Exists(EmbeddedModel.FilePath) ? ModelHeader.Read(GgufFile.Read(EmbeddedModel.FilePath)) : ModelShape.Tiny;
        RandomModel.Write(file, shape with { VocabularySize = vocabulary.Size }, seed: 9, vocabulary);

        Assert.All(await ExamineAsync(file, 4, s_small), r => Assert.Equal(0, r.Right));
    }

    [Fact]
    public async Task A_file_that_is_missing_is_told_with_its_code_and_nothing_breaks()
    {
        var absent = Path.Combine(_folder, "absent.gguf");
        await using var embedded = await EmbeddedModel.StartAsync(Path.Combine(_folder, "e.sock"), TimeProvider.System, Cancel, absent);
        using var transport = new ModelTransport(new Dictionary<string, string> { ["embedded.invalid"] = Path.Combine(_folder, "e.sock") });
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://embedded.invalid/v1/chat/completions")
        {
            Content = new StringContent("""{"model":"embedded","messages":[{"role":"user","content":"hi"}]}"""),
        };
        using var answer = await transport.For(request.RequestUri!).SendAsync(request, Cancel);

        Assert.Equal(501, (int)answer.StatusCode);
        Assert.Contains("AG4037", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal("AG4037", EmbeddedModel.Obstacle(absent)!.Code);
    }

    static readonly TreeSize s_small = new(1, 3, 2, 8, 4, 10);

    async Task<(int Right, int Expected)[]> ExamineAsync(string file, int trees, TreeSize size)
    {
        var socket = Path.Combine(_folder, "model.sock");
        await using var served = ServedModel.Load(ModelLibrary.Load(), EmbeddedModel.Options(file), TimeProvider.System);
        await using var server = await LocalModelServer.StartAsync(served, new ModelServerOptions { SocketPath = socket }, TimeProvider.System, Cancel);
        using var transport = new ModelTransport(new Dictionary<string, string> { ["embedded.invalid"] = socket });
        var client = new ChatClient(transport.For, TimeProvider.System, _ => null);
        await using var player = new LessonPlayer(LessonVerbs.Folder($"exam-{Path.GetFileName(_folder)}"), null);
        var profile = ProfileCatalog.Load().Find("embedded").Profile!;
        return await Task.WhenAll(Enumerable.Range(0, trees).Select(async i =>
        {
            var tree = RandomTree.Make(2_000_000UL + (ulong)i, WordBook.HeldOut, size);
            var lesson = await player.PlayAsync(tree, LessonJob.Named(LessonJob.Audit), profile, call => AskAsync(client, call), Cancel);
            var missing = Exam.Wrong(tree, lesson.Output).Count(w => w.StartsWith("missing", StringComparison.Ordinal));
            return (tree.Findings.Count - missing, tree.Findings.Count);
        }));
    }

    static async Task<ModelReply> AskAsync(ChatClient client, RehearsedCall call) => await client.CallAsync(call.Wire, _ => { }, Cancel) switch
    {
        ModelOutcome.Replied replied => replied.Reply,
        var other => throw new InvalidOperationException(other.ToString()),
    };
}
