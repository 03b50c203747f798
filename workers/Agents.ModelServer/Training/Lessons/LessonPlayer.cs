using System.Text.Json;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Inference.Profiles;
using Agents.ModelServer.Chat;
using Agents.ModelServer.Generation;
using Agents.ModelServer.Http;
using Agents.ModelServer.Scripted;
using Agents.Tools;
using Agents.Tools.Catalogue;
using Agents.Tools.Running;
using Agents.Worker;

namespace Agents.ModelServer.Training.Lessons;

/// <summary>What a played job left behind.</summary>
/// <param name="Views">Every reply of it once, in the longest view that shows it.</param>
/// <param name="Output">Text of the output file.</param>
public sealed record PlayedLesson(IReadOnlyList<LessonView> Views, string Output, RunOutput Run, int Refused);

/// <summary>
/// Plays the default jobs on random trees with the product's own loop, views, requests and tools, and the scripted policy as
/// the model: what a model is shown here is byte for byte what it will be shown.
/// </summary>
public sealed class LessonPlayer : IAsyncDisposable
{
    static readonly ModelProfile s_profile = ProfileCatalog.Load().Find("embedded").Profile!;

    readonly IVocabulary? _vocabulary;
    readonly string _folder;
    readonly ToolCatalogue _catalogue;
    readonly ToolRunner _runner;
    int _played;

    /// <param name="folder">Made where it is missing, and removed at the end; best on memory.</param>
    /// <param name="vocabulary">Counts tokens as the model server will, which decides what is shown; null while none is learnt.</param>
    public LessonPlayer(string folder, IVocabulary? vocabulary)
    {
        (_folder, _vocabulary) = (folder, vocabulary);
        _catalogue = new ToolCatalogue(new ToolEnvironment { DataDirectory = Directory.CreateDirectory(Path.Combine(folder, "data")).FullName, Clock = TimeProvider.System });
        _runner = new ToolRunner(_catalogue);
    }

    /// <summary>With the scripted policy as the model, and slips of its pen.</summary>
    internal Task<PlayedLesson> PlayAsync(RandomTree tree, LessonJob job, Mistakes? mistakes, CancellationToken cancel)
    {
        var lesson = new Playing(mistakes, _vocabulary);
        return PlayAsync(tree, job, s_profile, call => Task.FromResult(lesson.Reply(call)), lesson, cancel);
    }

    /// <summary>With whatever model, known to the run by that profile.</summary>
    public Task<PlayedLesson> PlayAsync(
        RandomTree tree, LessonJob job, ModelProfile profile, Func<RehearsedCall, Task<ModelReply>> model, CancellationToken cancel) =>
        PlayAsync(tree, job, profile, model, new Playing(null, null), cancel);

    async Task<PlayedLesson> PlayAsync(
        RandomTree tree, LessonJob job, ModelProfile profile, Func<RehearsedCall, Task<ModelReply>> model, Playing lesson, CancellationToken cancel)
    {
        var id = $"lesson-{Interlocked.Increment(ref _played)}";
        var root = Path.Combine(_folder, id, "root");
        var output = Directory.CreateDirectory(Path.Combine(_folder, id, "out")).FullName;
        Directory.CreateDirectory(root);
        tree.WriteTo(root);
        try
        {
            var input = await job.InputAsync(_catalogue, root, output, profile, cancel);
            var run = await new RehearsedRun(input, id).PlayAsync(model, (call, key) => ActAsync(input, id, call, key, lesson, cancel), cancel);
            lesson.Close();
            var file = Path.Combine(output, job.OutFile);
            return new PlayedLesson(lesson.Views, File.Exists(file) ? await File.ReadAllTextAsync(file, cancel) : "", run, lesson.Refused);
        }
        finally
        {
            Directory.Delete(Path.Combine(_folder, id), recursive: true);
        }
    }

    async Task<ToolReply> ActAsync(RunInput input, string id, ToolCall call, string key, Playing lesson, CancellationToken cancel)
    {
        var request = new ToolRequest
        {
            RunId = id, Call = call, Key = key.Length > 0 ? key : new string('0', 64), AttemptToken = id, MayAct = () => true,
        };
        var outcome = await _runner.RunAsync(input, request, cancel);
        var reply = outcome is ToolRun.Replied replied ? replied.Reply
            : throw new InvalidOperationException($"{call.Name} {call.Arguments}: {outcome}");
        lesson.Refused += reply.IsError ? 1 : 0;
        return reply;
    }

    public async ValueTask DisposeAsync()
    {
        await _catalogue.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>One run as it is played.</summary>
    sealed class Playing(Mistakes? mistakes, IVocabulary? vocabulary)
    {
        readonly List<bool> _right = [];
        int _shown;
        (ChatRequest Request, ChatMessage Reply)? _last;

        public List<LessonView> Views { get; } = [];

        public int Refused { get; set; }

        public ModelReply Reply(RehearsedCall call)
        {
            if (call.IsCut)
            {
                Close();
            }

            var request = JsonElement.Parse(call.Request);
            var conversation = Conversation.Read(request);
            var right = ScriptedPolicy.Next(conversation);
            var spoilt = mistakes?.Spoil(right);
            _right.Add(spoilt is null);
            var move = spoilt ?? right;
            var calls = move.Calls.Select((c, i) => new ToolCall(i, K2Template.CallId(c.Name, conversation.CallCount + i), c.Name, c.Arguments)).ToList();
            var reply = new ChatMessage
            {
                Role = "assistant", Content = move.Content ?? "", Reasoning = move.Reasoning,
                Calls = [.. calls.Select(c => new ChatCall(c.Id, c.Name, c.Arguments))],
            };
            var chat = ChatRequest.Read(request);
            _last = (chat, reply);
            return new ModelReply
            {
                Reasoning = move.Reasoning, Content = move.Content, ToolCalls = calls,
                Finish = calls.Count > 0 ? FinishReason.ToolCalls : FinishReason.Stop,
                Usage = vocabulary is null ? new TokenUsage() : LessonView.Count(chat, reply, vocabulary),
            };
        }

        /// <summary>Keeps the view of the last reply: all replies since the view before are in it.</summary>
        public void Close()
        {
            if (_last is { } last)
            {
                var from = _shown;
                Views.Add(LessonView.Of(last.Request, last.Reply, count =>
                    [.. Enumerable.Range(_right.Count - count, count).Select(i => i >= from && _right[i])]));
            }

            _last = null;
            _shown = _right.Count;
        }
    }
}
