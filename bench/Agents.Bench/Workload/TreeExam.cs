using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Contracts.Work;
using Agents.Inference.Profiles;
using Agents.Inference.Streaming;
using Agents.Loop;
using Agents.ModelServer.Training.Lessons;
using Agents.Tools;
using Agents.Tools.Catalogue;
using Agents.Tools.Running;
using Agents.Worker;
using Agents.Worker.Activities;

namespace Agents.Bench.Workload;

/// <summary>What came of a default job on one random tree.</summary>
/// <param name="Wrong">What is not as the tree was made; empty when all of it is right.</param>
/// <param name="Refused">Calls that a tool refused.</param>
sealed record ExamResult(ulong Tree, IReadOnlyList<string> Wrong, int Refused, RunOutput Run, double Seconds);

/// <summary>
/// A default job on random trees that no model has learnt from, by the product as it is: engine, store, loop, tools, and a
/// model behind HTTP. What a tree holds is known from its making, not from any tool.
/// </summary>
sealed class TreeExam : IAsyncDisposable
{
    const int StepsMax = 400;

    readonly string _folder;
    readonly ModelProfile _profile;
    readonly ToolCatalogue _catalogue;
    readonly ModelTransport _transport = new();
    readonly ConcurrentDictionary<string, int> _refused = new(StringComparer.Ordinal);
    BenchNode? _node;

    TreeExam(string folder, string modelId, string baseUrl, double? temperature)
    {
        _folder = folder;
        var profile = ProfileCatalog.Load().Find("embedded").Profile!;
        _profile = profile with { Model = modelId, BaseUrl = baseUrl, Temperature = temperature ?? profile.Temperature };
        _catalogue = new ToolCatalogue(new ToolEnvironment
        {
            DataDirectory = Directory.CreateDirectory(Path.Combine(folder, "data")).FullName, Clock = TimeProvider.System,
        });
    }

    /// <param name="folder">Empty; for store, trees and outputs.</param>
    /// <param name="temperature">Null: the profile's.</param>
    public static async Task<TreeExam> OpenAsync(string folder, string modelId, string baseUrl, double? temperature)
    {
        var exam = new TreeExam(folder, modelId, baseUrl, temperature);
        var tools = CatalogueTools.By(new ToolRunner(exam._catalogue));
        var worker = new AgentWorker(new AgentWorkerOptions
        {
            Clock = TimeProvider.System, Models = exam._transport.For,
            Tools = async (work, cancel) => exam.Seen(work, await tools(work, cancel)),
        });
        exam._node = await BenchNode.OpenAsync(Path.Combine(folder, "store"), worker.Orchestrators, worker.Activities);
        return exam;
    }

    /// <summary>So many trees, so many at once. The trees are numbered from <paramref name="first"/>.</summary>
    public async Task<IReadOnlyList<ExamResult>> TakeAsync(string job, ulong first, int trees, int atOnce, TreeSize size)
    {
        using var places = new SemaphoreSlim(atOnce);
        return await Task.WhenAll(Enumerable.Range(0, trees).Select(async i =>
        {
            await places.WaitAsync();
            try
            {
                return await TakeOneAsync(LessonJob.Named(job), job, first + (ulong)i, size);
            }
            finally
            {
                places.Release();
            }
        }));
    }

    async Task<ExamResult> TakeOneAsync(LessonJob job, string name, ulong seed, TreeSize size)
    {
        var id = $"{name}-{seed}";
        var tree = RandomTree.Make(seed, WordBook.HeldOut, size);
        var root = Directory.CreateDirectory(Path.Combine(_folder, "trees", id)).FullName;
        var output = Directory.CreateDirectory(Path.Combine(_folder, "out", id)).FullName;
        tree.WriteTo(root);
        var since = Stopwatch.GetTimestamp();
        var input = await job.InputAsync(_catalogue, root, output, _profile, CancellationToken.None);
        input = input with { Limits = input.Limits with { Steps = StepsMax } };
        await _node!.Client.StartAsync(
            new StartRequest
            {
                Id = new InstanceId(id), Name = AgentRun.Name, Version = AgentRun.Version,
                Input = JsonSerializer.Serialize(input, ContractsJson.Plain.RunInput),
            },
            CancellationToken.None);
        var view = await _node.Client.WaitForCompletionAsync(new InstanceId(id), CancellationToken.None);
        var run = view?.Output is { } text
            ? JsonSerializer.Deserialize(text, ContractsJson.Default.RunOutput)!
            : throw new InvalidOperationException($"run {id} ended as {view?.Status} {view?.Parked}{view?.Failure?.ErrorMessage}");
        var file = Path.Combine(output, job.OutFile);
        var written = File.Exists(file) ? await File.ReadAllTextAsync(file) : "";
        var wrong = name == LessonJob.Audit ? Exam.Wrong(tree, written) : Exam.WrongLines(tree, written);
        return new ExamResult(
            seed, run.StopReason == StopReasons.Answer ? wrong : [.. wrong, $"ended by {run.StopReason}: {run.Detail}"],
            _refused.GetValueOrDefault(id), run, Stopwatch.GetElapsedTime(since).TotalSeconds);
    }

    ActivityOutcome Seen(ToolWork work, ActivityOutcome outcome)
    {
        if (outcome is ActivityOutcome.Completed { Result: { } result }
            && JsonSerializer.Deserialize(result, ContractsJson.Default.ToolReply) is { IsError: true })
        {
            _refused.AddOrUpdate(work.Item.InstanceId.Value, 1, (_, n) => n + 1);
        }

        return outcome;
    }

    public async ValueTask DisposeAsync()
    {
        if (_node is not null)
        {
            await _node.DisposeAsync();
        }

        await _catalogue.DisposeAsync();
        _transport.Dispose();
    }
}
