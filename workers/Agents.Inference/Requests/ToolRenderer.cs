using System.Text.Encodings.Web;
using System.Text.Json;
using Agents.Contracts.Runs;

namespace Agents.Inference.Requests;

/// <summary>Renders a run's tools to the request's "tools" array: sorted by name, the same bytes for every call.</summary>
public static class ToolRenderer
{
    /// <summary>Longest name any provider takes.</summary>
    public const int NameMax = 64;

    static readonly JsonWriterOptions s_writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The JSON array; empty when there are no tools (an empty array is refused by several servers).</summary>
    public static byte[] Render(IReadOnlyList<ToolSpec> tools)
    {
        if (tools.Count == 0)
        {
            return [];
        }

        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, s_writing))
        {
            json.WriteStartArray();
            foreach (var tool in tools.OrderBy(t => t.Name, StringComparer.Ordinal))
            {
                json.WriteStartObject();
                json.WriteString("type", "function");
                json.WriteStartObject("function");
                json.WriteString("name", tool.Name);
                json.WriteString("description", JsonText.Sound(tool.Description));
                json.WritePropertyName("parameters");
                tool.Parameters.WriteTo(json);
                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return buffer.ToArray();
    }

    /// <summary>
    /// What a server with this profile would refuse about the tools, one sentence each; empty when all is well. Asked
    /// before a run starts: a provider's own 400 comes after the run was accepted and names less.
    /// </summary>
    public static IReadOnlyList<string> Check(ModelProfile profile, IReadOnlyList<ToolSpec> tools)
    {
        var problems = new List<string>();
        if (tools.Count > profile.ToolsMax)
        {
            problems.Add($"AG4016: {tools.Count} tools, but '{profile.Name}' takes at most {profile.ToolsMax}: offer fewer");
        }

        foreach (var tool in tools)
        {
            if (!IsName(tool.Name))
            {
                problems.Add($"AG4016: tool name '{tool.Name}': use 1 to {NameMax} characters of A-Z a-z 0-9 _ -");
            }
            else if (tool.Name.Length < profile.ToolNameMin)
            {
                problems.Add($"AG4016: tool name '{tool.Name}': '{profile.Name}' needs at least {profile.ToolNameMin} characters");
            }

            if (tool.Parameters.ValueKind != JsonValueKind.Object)
            {
                problems.Add($"AG4016: tool '{tool.Name}': its parameters must be a JSON schema object");
            }
        }

        problems.AddRange(tools.GroupBy(t => t.Name, StringComparer.Ordinal).Where(g => g.Count() > 1)
            .Select(g => $"AG4016: tool name '{g.Key}' is used {g.Count()} times: names must differ"));
        return problems;
    }

    /// <summary>Whether a name fits every provider: ^[a-zA-Z0-9_-]{1,64}$.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= NameMax && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
}
