using System.Text;
using System.Text.Json;
using Agents.Contracts.Runs;
using Agents.Tools.Effects;
using Agents.Tools.Files;
using Agents.Tools.Worklist;

namespace Agents.Tools.References;

/// <summary>Writes one finding as a line of the findings file; answers with the file's totals.</summary>
sealed class RecordFindingTool(ToolSpec spec, BuiltInContext context, Worklists worklists) : ITool, IReconcileProbe
{
    public const string FileName = "findings.jsonl";
    static readonly string[] s_members = ["page", "reference", "status", "detail", "suggestion"];
    static readonly string[] s_statuses = ["ok", "broken", "external", "unknown"];

    public ToolSpec Spec { get; } = spec;

    public async Task<ToolOutcome> InvokeAsync(ToolInvocation call, CancellationToken cancel)
    {
        var subject = WorkSubject.Reference(call.Arguments.Required("reference"), call.Arguments.Required("page"));
        if (await worklists.RefusalAsync(call, subject, cancel) is { } why)
        {
            return new ToolOutcome.Refusal(why);
        }

        if (call.Arguments.Text("suggestion") is { } suggestion && !Names(BuiltInContext.Root(call.Settings), suggestion))
        {
            return new ToolOutcome.Refusal("The suggestion names nothing below the root. Take one that suggest_replacement gave, or leave it out.");
        }

        var outcome = await context.Effects.AppendAsync(call, BuiltInContext.Out(call.Settings), Output(call), cancel);
        if (outcome is ToolOutcome.Answer)
        {
            // Only so that a second finding about the item is refused: should the process die here, the effect still stands.
            await worklists.FinishAsync(call, subject, CancellationToken.None);
        }

        return outcome;
    }

    static bool Names(ConfinedFolder root, string suggestion)
    {
        var hash = suggestion.IndexOf('#', StringComparison.Ordinal);
        return RelativePath.Normalize(hash < 0 ? suggestion : suggestion[..hash], out _) is { } path
            && root.KindOf(path) is PlaceKind.File or PlaceKind.Folder;
    }

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
            var counts = new long[s_statuses.Length];
            using var reader = new StreamReader(file, Encoding.UTF8, leaveOpen: true);
            while (reader.ReadLine() is { } line)
            {
                counts[IndexOf(StatusOf(line))]++;
            }

            return Totals(counts);
        }

        public override string After(string before, int bytesAdded)
        {
            using var json = JsonDocument.Parse(before);
            var counts = s_statuses.Select(s => json.RootElement.Number(s) ?? 0).ToArray();
            counts[IndexOf(Status)]++;
            return Totals(counts);
        }

        // A word that is no status can only stand in a line that somebody else wrote into the file.
        static int IndexOf(string status) => Array.IndexOf(s_statuses, status) is var at and >= 0 ? at : s_statuses.Length - 1;

        static string StatusOf(string line)
        {
            try
            {
                using var json = JsonDocument.Parse(line);
                return json.RootElement.Text("status") ?? "";
            }
            catch (JsonException)
            {
                return "";
            }
        }

        static string Totals(long[] counts) => Json.Object(w =>
        {
            w.WriteNumber("findings", counts.Sum());
            for (var i = 0; i < counts.Length; i++)
            {
                w.WriteNumber(s_statuses[i], counts[i]);
            }
        });
    }
}
