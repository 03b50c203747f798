using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Agents.Bench.Results;

/// <summary>One measure: named values in the order they were set, printed as one line of JSON.</summary>
sealed class ResultLine
{
    static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    readonly JsonObject _values = [];

    public ResultLine(string measure) => _values["measure"] = measure;

    ResultLine(JsonObject values) => _values = values;

    public string Measure => Text("measure") ?? "";

    public string Peer => Text("peer") ?? "ours";

    /// <summary>Four significant digits: more would pretend to know.</summary>
    public ResultLine Set(string name, double value)
    {
        _values[name] = double.Parse(value.ToString("G4", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return this;
    }

    public ResultLine Set(string name, string value)
    {
        _values[name] = value;
        return this;
    }

    public ResultLine Set(string name, JsonNode value)
    {
        _values[name] = value;
        return this;
    }

    public double? Number(string name) => _values[name] is JsonValue v && v.TryGetValue(out double d) ? d : null;

    public string? Text(string name) => _values[name] is JsonValue v && v.TryGetValue(out string? s) ? s : null;

    public static ResultLine? TryParse(string line)
    {
        try
        {
            return JsonNode.Parse(line) is JsonObject o && o["measure"] is not null ? new ResultLine(o) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public JsonObject ToJson() => (JsonObject)_values.DeepClone();

    public override string ToString() => _values.ToJsonString(s_json);
}
