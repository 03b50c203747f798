using System.Text;
using System.Text.Json;
using Agents.Contracts.Runs;
using Agents.Tools.Effects;
using Agents.Tools.Files;

namespace Agents.Tools.References;

/// <summary>Writes one finding as a line of the findings file; answers with the file's totals.</summary>
sealed class RecordFindingTool(ToolSpec spec, BuiltInContext context) : ITool, IReconcileProbe
{
    public const string FileName = "findings.jsonl";
    static readonly string[] s_members = ["page", "reference", "status", "detail", "suggestion"];

    public ToolSpec Spec { get; } = spec;

    public Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel) =>
        context.Effects.AppendAsync(call, BuiltInContext.Out(call.Settings), Output(call), cancel);

    public Task<ProbeOutcome> ProbeAsync(ToolInvocation call, CancellationToken cancel) =>
        context.Effects.ProbeAsync(call, BuiltInContext.Out(call.Settings), Output(call), cancel);

    static FindingLine Output(ToolInvocation call) => new()
    {
        Path = call.Settings.OutFile ?? FileName,
        Status = call.Arguments.Required("status"),
        Line = Json.Object(w =>
        {
            foreach (var name in s_members)
            {
                if (call.Arguments.Text(name) is { } value)
                {
                    w.WriteString(name, value);
                }
            }
        }),
    };

    sealed class FindingLine : LineOutput
    {
        public required string Status { get; init; }

        public override string Count(Stream file)
        {
            SortedDictionary<string, long> byStatus = new(StringComparer.Ordinal);
            using var reader = new StreamReader(file, Encoding.UTF8, leaveOpen: true);
            while (reader.ReadLine() is { } line)
            {
                Add(byStatus, StatusOf(line));
            }

            return Totals(byStatus);
        }

        public override string After(string before, int bytesAdded)
        {
            SortedDictionary<string, long> byStatus = new(StringComparer.Ordinal);
            using var json = JsonDocument.Parse(before);
            foreach (var member in json.RootElement.GetProperty("byStatus").EnumerateObject())
            {
                byStatus[member.Name] = member.Value.GetInt64();
            }

            Add(byStatus, Status);
            return Totals(byStatus);
        }

        static void Add(SortedDictionary<string, long> byStatus, string status) =>
            byStatus[status] = byStatus.GetValueOrDefault(status) + 1;

        static string StatusOf(string line)
        {
            try
            {
                using var json = JsonDocument.Parse(line);
                return json.RootElement.Text("status") ?? "unknown";
            }
            catch (JsonException)
            {
                return "unknown"; // a line that somebody else wrote into the file
            }
        }

        static string Totals(SortedDictionary<string, long> byStatus) => Json.Object(w =>
        {
            w.WriteNumber("findings", byStatus.Values.Sum());
            w.WriteStartObject("byStatus");
            foreach (var (status, count) in byStatus)
            {
                w.WriteNumber(status, count);
            }

            w.WriteEndObject();
        });
    }
}
