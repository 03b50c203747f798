using System.Globalization;
using System.Text;

namespace Agents.Pool.Figures;

/// <summary>The pool's figures in Prometheus' text form. Those of a model are what a scaler scales by.</summary>
static class MetricsText
{
    public static string Write(PoolView view, PoolFigures figures, long bytesHeld)
    {
        var text = new Writer();
        Models(text, view.Models);
        Workers(text, view.Workers);
        text.Head("requests_total", "counter", "Requests by how they left the pool.");
        foreach (var outcome in Enum.GetValues<RequestOutcome>())
        {
            text.Line("requests_total", $"outcome=\"{Snake(outcome.ToString())}\"", figures.Of(outcome));
        }

        text.Head("repeats_total", "counter", "Attempts after the first, before a byte was passed on.");
        text.Line("repeats_total", "", figures.Repeats);
        text.Head("hedges_total", "counter", "Requests also sent to a second worker after a silence.");
        text.Line("hedges_total", "", figures.Hedges);
        text.Head("held_bytes", "gauge", "Bytes of requests in memory.");
        text.Line("held_bytes", "", bytesHeld);
        text.Spread("wait_seconds", "Waits of requests that did not go at once.", figures.Waited);
        text.Spread("first_byte_seconds", "From arrival to the first byte passed on.", figures.FirstByte);
        return text.ToString();
    }

    static void Models(Writer text, IReadOnlyList<ModelLoad> models)
    {
        text.Each("queue_requests", "Requests that wait.", models, m => m.Model, m => m.Waiting);
        text.Head("queue_tokens", "gauge", "Tokens that waiting requests need: the signal to scale by.");
        foreach (var model in models)
        {
            text.Line("queue_tokens", $"model=\"{Quoted(model.Model)}\",class=\"interactive\"", model.QueueTokensInteractive);
            text.Line("queue_tokens", $"model=\"{Quoted(model.Model)}\",class=\"batch\"", model.QueueTokens - model.QueueTokensInteractive);
        }

        text.Each("queue_seconds", "How long the queue takes at the speed of late.", models.Where(m => m.QueueSeconds is not null), m => m.Model, m => m.QueueSeconds!.Value);
        text.Each("longest_wait_seconds", "Longest wait so far.", models, m => m.Model, m => m.LongestWaitSeconds);
        text.Each("owed_tokens", "Tokens workers have yet to compute.", models, m => m.Model, m => m.TokensOwed);
        text.Each("workers_ready", "Workers that take requests.", models, m => m.Model, m => m.WorkersReady);
        text.Each("kv_tokens", "Tokens the workers' caches take.", models, m => m.Model, m => m.KvTokens);
        text.Each("kv_tokens_free", "Of those, tokens no request in work holds.", models, m => m.Model, m => m.KvTokensFree);
    }

    static void Workers(Writer text, IReadOnlyList<WorkerView> workers)
    {
        text.Head("worker_up", "gauge", "1 while the worker takes requests.");
        foreach (var worker in workers)
        {
            text.Line("worker_up", $"worker=\"{Quoted(worker.Worker)}\",health=\"{worker.Health}\"", worker.Health == "ready" ? 1 : 0);
        }

        text.Each("worker_in_work", "Requests it has of this pool.", workers, w => w.Worker, w => w.InWork, "worker");
        text.Each("worker_done_total", "Requests it answered.", workers, w => w.Worker, w => w.Totals.Done, "worker", "counter");
        text.Each("worker_failed_total", "Attempts that failed on it.", workers, w => w.Worker, w => w.Totals.Failed, "worker", "counter");
        text.Each("worker_prompt_tokens_total", "Tokens of prompts.", workers, w => w.Worker, w => w.Totals.PromptTokens, "worker", "counter");
        text.Each("worker_cached_tokens_total", "Of those, tokens not computed again.", workers, w => w.Worker, w => w.Totals.CachedTokens, "worker", "counter");
        text.Each("worker_reply_tokens_total", "Tokens made.", workers, w => w.Worker, w => w.Totals.ReplyTokens, "worker", "counter");
    }

    static string Snake(string name) => string.Concat(name.Select((c, i) => char.IsUpper(c) && i > 0 ? $"_{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));

    static string Quoted(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    sealed class Writer
    {
        readonly StringBuilder _text = new();

        public void Head(string name, string kind, string what) => _text.Append($"# HELP agents_pool_{name} {what}\n# TYPE agents_pool_{name} {kind}\n");

        public void Line(string name, string labels, double value) =>
            _text.Append(CultureInfo.InvariantCulture, $"agents_pool_{name}{(labels.Length > 0 ? $"{{{labels}}}" : "")} {value}\n");

        public void Each<T>(
            string name, string what, IEnumerable<T> of, Func<T, string> label, Func<T, double> value, string labelName = "model", string kind = "gauge")
        {
            Head(name, kind, what);
            foreach (var one in of)
            {
                Line(name, $"{labelName}=\"{Quoted(label(one))}\"", value(one));
            }
        }

        public void Spread(string name, string what, Spread spread)
        {
            Head(name, "histogram", what);
            var (atMost, count, sum) = spread.Read();
            for (var i = 0; i < atMost.Length; i++)
            {
                Line($"{name}_bucket", string.Create(CultureInfo.InvariantCulture, $"le=\"{Figures.Spread.Bounds[i]}\""), atMost[i]);
            }

            Line($"{name}_bucket", "le=\"+Inf\"", count);
            Line($"{name}_count", "", count);
            Line($"{name}_sum", "", sum);
        }

        public override string ToString() => _text.ToString();
    }
}
