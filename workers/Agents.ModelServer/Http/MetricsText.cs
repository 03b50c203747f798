using System.Globalization;
using System.Text;
using Agents.ModelServer.Generation;

namespace Agents.ModelServer.Http;

/// <summary>
/// Figures in Prometheus' text form under the names vLLM gives them, so that whoever watches or routes by those needs
/// nothing new.
/// </summary>
static class MetricsText
{
    public static string Write(ServedModel model)
    {
        var (figures, text) = (model.Generator.Figures, new Writer(model.Id));
        text.One("num_requests_running", "gauge", "Requests in work.", figures.Running);
        text.One("num_requests_waiting", "gauge", "Requests that wait.", figures.Waiting);
        text.One("kv_cache_usage_perc", "gauge", "Share of the cells that conversations in work hold; 1 is all.", figures.CellsInUse / (double)model.Cells);
        text.One("prefix_cache_queries_total", "counter", "Tokens of prompts.", figures.PromptTokens);
        text.One("prefix_cache_hits_total", "counter", "Tokens of prompts that were not computed again.", figures.CachedTokens);
        text.One("prompt_tokens_total", "counter", "Tokens of prompts.", figures.PromptTokens);
        text.One("generation_tokens_total", "counter", "Tokens made.", figures.ReplyTokens);
        text.One("num_preemptions_total", "counter", "Requests put back for want of room.", figures.Preemptions);
        text.Head("request_success_total", "counter", "Requests by why they ended.");
        foreach (var (reason, count) in figures.Ended().OrderBy(e => e.Key, StringComparer.Ordinal))
        {
            text.Line("request_success_total", $",finished_reason=\"{reason}\"", count);
        }

        text.Head("cache_config_info", "gauge", "Sizes.");
        text.Line(
            "cache_config_info",
            string.Create(CultureInfo.InvariantCulture, $",block_size=\"1\",num_gpu_blocks=\"{model.Cells}\",bytes_per_block=\"{model.BytesPerCell}\""), 1);
        text.Spread("time_to_first_token_seconds", "From arrival to the first token.", figures.TimeToFirstToken);
        text.Spread("inter_token_latency_seconds", "Between two tokens of a reply.", figures.TimeBetweenTokens);
        text.Spread("request_queue_time_seconds", "From arrival to the first computation.", figures.TimeInQueue);
        text.Spread("e2e_request_latency_seconds", "From arrival to the end.", figures.TimeToEnd);
        return text.ToString();
    }

    sealed class Writer(string model)
    {
        readonly StringBuilder _text = new();
        readonly string _label = $"model_name=\"{model.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

        public void Head(string name, string kind, string what) => _text.Append($"# HELP vllm:{name} {what}\n# TYPE vllm:{name} {kind}\n");

        public void Line(string name, string labels, double value) =>
            _text.Append(CultureInfo.InvariantCulture, $"vllm:{name}{{{_label}{labels}}} {value}\n");

        public void One(string name, string kind, string what, double value)
        {
            Head(name, kind, what);
            Line(name, "", value);
        }

        public void Spread(string name, string what, GeneratorFigures.Spread spread)
        {
            Head(name, "histogram", what);
            var (atMost, count, sum) = spread.Read();
            for (var i = 0; i < atMost.Length; i++)
            {
                Line($"{name}_bucket", string.Create(CultureInfo.InvariantCulture, $",le=\"{GeneratorFigures.Bounds[i]}\""), atMost[i]);
            }

            Line($"{name}_bucket", ",le=\"+Inf\"", count);
            Line($"{name}_count", "", count);
            Line($"{name}_sum", "", sum);
        }

        public override string ToString() => _text.ToString();
    }
}
