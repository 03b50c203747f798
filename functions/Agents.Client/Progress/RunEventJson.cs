using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Agents.Client.Runs;
using Agents.Contracts;
using Agents.Contracts.Client;
using Agents.Contracts.Transcript;

namespace Agents.Client.Progress;

/// <summary>The one text form of stream events: name, and data as one line of JSON. Field order is part of it.</summary>
public static class RunEventJson
{
    static readonly JsonWriterOptions s_plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string NameOf(RunEvent e) => e switch
    {
        RunEvent.Status => "status",
        RunEvent.Reasoning => "reasoning",
        RunEvent.Content => "content",
        RunEvent.ToolCall => "tool_call",
        RunEvent.ToolResult => "tool_result",
        RunEvent.Retract => "retract",
        RunEvent.Usage => "usage",
        RunEvent.Done => "done",
        _ => throw new InvalidOperationException($"stream event {e.GetType().Name} has no name"),
    };

    public static string Write(RunEvent e)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, s_plain))
        {
            json.WriteStartObject();
            WriteFields(json, e);
            if (e.At is { } at)
            {
                json.WriteString("at", at);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    static void WriteFields(Utf8JsonWriter json, RunEvent e)
    {
        switch (e)
        {
            case RunEvent.Status s:
                json.WriteString("status", s.State);
                json.WriteNumber("step", s.Step);
                WriteOptional(json, "stepsMax", s.StepsMax);
                WriteOptional(json, "note", s.Note);
                break;
            case RunEvent.Reasoning r:
                WriteText(json, r.Step, r.Attempt, r.Text);
                break;
            case RunEvent.Content c:
                WriteText(json, c.Step, c.Attempt, c.Text);
                break;
            case RunEvent.ToolCall c:
                json.WriteNumber("step", c.Step);
                json.WriteNumber("call", c.Call);
                json.WriteString("id", c.Id);
                json.WriteString("tool", c.Tool);
                json.WriteString("arguments", c.Arguments);
                break;
            case RunEvent.ToolResult r:
                WriteResult(json, r);
                break;
            case RunEvent.Retract r:
                WriteText(json, r.Step, r.Attempt, null);
                break;
            case RunEvent.Usage u:
                WriteUsage(json, u);
                break;
            case RunEvent.Done d:
                json.WriteString("status", d.State);
                json.WritePropertyName("end");
                JsonSerializer.Serialize(json, d.End, ClientJson.Plain.RunEnd);
                break;
            default:
                break;
        }
    }

    static void WriteText(Utf8JsonWriter json, int step, int attempt, string? text)
    {
        json.WriteNumber("step", step);
        json.WriteNumber("attempt", attempt);
        WriteOptional(json, "text", text);
    }

    static void WriteResult(Utf8JsonWriter json, RunEvent.ToolResult r)
    {
        json.WriteNumber("step", r.Step);
        json.WriteNumber("call", r.Call);
        json.WriteString("tool", r.Tool);
        json.WriteBoolean("isError", r.IsError);
        json.WriteString("result", r.Result);
        WriteOptional(json, "artifact", r.Artifact);
        json.WriteNumber("durationMs", r.DurationMs);
    }

    static void WriteUsage(Utf8JsonWriter json, RunEvent.Usage u)
    {
        json.WriteNumber("step", u.Step);
        WriteOptional(json, "model", u.Model);
        json.WritePropertyName("usage");
        JsonSerializer.Serialize(json, u.Tokens, ContractsJson.Default.Options.GetTypeInfo(typeof(TokenUsage)));
        if (u.CostUsd is { } cost)
        {
            json.WriteNumber("costUsd", cost);
        }

        json.WriteNumber("durationMs", u.DurationMs);
        if (u.FirstTokenMs is { } first)
        {
            json.WriteNumber("firstTokenMs", first);
        }

        json.WriteString("finish", u.Finish);
    }

    static void WriteOptional(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    static void WriteOptional(Utf8JsonWriter json, string name, int? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    /// <summary>Reads an event back; null for a name this build does not know.</summary>
    public static RunEvent? Read(StreamOffset offset, string name, string data)
    {
        using var document = JsonDocument.Parse(data);
        var f = document.RootElement;
        DateTimeOffset? at = f.TryGetProperty("at", out var time) ? time.GetDateTimeOffset() : null;
        return name switch
        {
            "status" => new RunEvent.Status(
                offset, at, Text(f, "status"), Number(f, "step"), Optional(f, "stepsMax"), OptionalText(f, "note")),
            "reasoning" => new RunEvent.Reasoning(offset, Number(f, "step"), Number(f, "attempt"), Text(f, "text")),
            "content" => new RunEvent.Content(offset, Number(f, "step"), Number(f, "attempt"), Text(f, "text")),
            "tool_call" => new RunEvent.ToolCall(
                offset, at, Number(f, "step"), Number(f, "call"), Text(f, "id"), Text(f, "tool"), Text(f, "arguments")),
            "tool_result" => new RunEvent.ToolResult(
                offset, at, Number(f, "step"), Number(f, "call"), Text(f, "tool"), Text(f, "result"),
                f.GetProperty("isError").GetBoolean(), OptionalText(f, "artifact"), f.GetProperty("durationMs").GetInt64()),
            "retract" => new RunEvent.Retract(offset, Number(f, "step"), Number(f, "attempt")),
            "usage" => ReadUsage(offset, at, f),
            "done" => new RunEvent.Done(
                offset, at, Text(f, "status"), f.GetProperty("end").Deserialize(ClientJson.Default.RunEnd)!),
            _ => null,
        };
    }

    static RunEvent.Usage ReadUsage(StreamOffset offset, DateTimeOffset? at, JsonElement f) => new(
        offset, at, Number(f, "step"), OptionalText(f, "model"),
        (TokenUsage)f.GetProperty("usage").Deserialize(ContractsJson.Default.Options.GetTypeInfo(typeof(TokenUsage)))!,
        f.TryGetProperty("costUsd", out var cost) ? cost.GetDecimal() : null,
        f.GetProperty("durationMs").GetInt64(),
        f.TryGetProperty("firstTokenMs", out var first) ? first.GetInt64() : null,
        Text(f, "finish"));

    static string Text(JsonElement f, string name) => f.GetProperty(name).GetString() ?? "";

    static string? OptionalText(JsonElement f, string name) => f.TryGetProperty(name, out var v) ? v.GetString() : null;

    static int Number(JsonElement f, string name) => f.GetProperty(name).GetInt32();

    static int? Optional(JsonElement f, string name) => f.TryGetProperty(name, out var v) ? v.GetInt32() : null;
}
