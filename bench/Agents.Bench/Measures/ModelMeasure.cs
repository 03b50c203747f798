using System.Diagnostics;
using System.Text.Json.Nodes;
using Agents.Bench.Machine;
using Agents.Bench.Results;
using Agents.Bench.Workload;
using Agents.ModelServer.Gguf;
using Agents.ModelServer.Http;
using Agents.ModelServer.Native;
using Agents.ModelServer.Scripted;
using Agents.ModelServer.Training.Lessons;

namespace Agents.Bench.Measures;

/// <summary>
/// The embedded model at its own work: default jobs on random trees it never saw, eight at once, and how many end with
/// exactly what is true. Then the same with random weights of the same shape under the same grammar, which must fail.
/// </summary>
static class ModelMeasure
{
    const int AtOnce = 8;
    const int HonestTreesMax = 3;
    const ulong FirstTree = 1_000_000;

    public static async IAsyncEnumerable<ResultLine> TakeAsync(BenchOptions options)
    {
        var model = options.Model ?? EmbeddedModel.FilePath;
        if (model == ScriptedModelServer.ModelId)
        {
            await using var scripted = await ScriptedModelServer.StartAsync(new ScriptedServerOptions { Port = 0 }, TimeProvider.System, CancellationToken.None);
            yield return await ExamineAsync("scripted", ScriptedModelServer.ModelId, scripted.BaseUrl!, LessonJob.Audit, options.Trees, options.Temperature);
            yield return await ExamineAsync("scripted", ScriptedModelServer.ModelId, scripted.BaseUrl!, LessonJob.Digest, options.Trees, options.Temperature);
            yield break;
        }

        yield return (await ServeAsync("trained", model, LessonJob.Audit, options.Trees, options.Temperature)).Set("fileBytes", new FileInfo(model).Length);
        yield return await ServeAsync("trained", model, LessonJob.Digest, Math.Max(1, options.Trees / 5), options.Temperature);
        using var scratch = new ScratchFolder("random");
        var random = Path.Combine(scratch.Path, "random.gguf");
        var vocabulary = LessonVerbs.Vocabulary();
        RandomModel.Write(random, ModelHeader.Read(GgufFile.Read(model)), seed: 5, vocabulary);
        yield return await ServeAsync("random weights", random, LessonJob.Audit, Math.Min(options.Trees, HonestTreesMax), options.Temperature);
    }

    static async Task<ResultLine> ServeAsync(string kind, string file, string job, int trees, double? temperature)
    {
        await using var served = ServedModel.Load(ModelLibrary.Load(), EmbeddedModel.Options(file), TimeProvider.System);
        await using var server = await LocalModelServer.StartAsync(served, new ModelServerOptions(), TimeProvider.System, CancellationToken.None);
        return (await ExamineAsync(kind, EmbeddedModel.ModelId, server.BaseUrl, job, trees, temperature))
            .Set("weights", served.Model.Weights).Set("threads", EmbeddedModel.Options(file).Threads);
    }

    static async Task<ResultLine> ExamineAsync(string kind, string id, string url, string job, int trees, double? temperature)
    {
        using var scratch = new ScratchFolder("exam");
        await using var exam = await TreeExam.OpenAsync(scratch.Path, id, url, temperature);
        var since = Stopwatch.GetTimestamp();
        var results = await exam.TakeAsync(job, FirstTree, trees, AtOnce, TreeSize.Exam);
        var seconds = Stopwatch.GetElapsedTime(since).TotalSeconds;
        var wrong = results.Where(r => r.Wrong.Count > 0).ToList();
        return new ResultLine("model").Set("kind", kind).Set("job", job).Set("trees", trees).Set("treesRight", trees - wrong.Count)
            .Set("shareRight", (trees - wrong.Count) / (double)trees)
            .Set("callsEach", results.Average(r => r.Run.ToolCalls)).Set("callsMin", results.Min(r => r.Run.ToolCalls))
            .Set("refusedCalls", results.Sum(r => r.Refused)).Set("refusedInRightTrees", results.Where(r => r.Wrong.Count == 0).Sum(r => r.Refused))
            .Set("seconds", seconds).Set("callsPerSecond", results.Sum(r => r.Run.ToolCalls) / seconds)
            .Set("tokensPerSecond", results.Sum(r => r.Run.Usage.Out) / seconds)
            .Set("secondsOfATreeMax", results.Max(r => r.Seconds)).Set("rssMB", ProcessMemory.MiB().Rss)
            .Set("wrong", new JsonArray([.. wrong.Take(8).Select(r => (JsonNode)$"tree {r.Tree}: {string.Join("; ", r.Wrong.Take(2))}")]));
    }
}
