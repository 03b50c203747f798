using System.Text.Json;
using NJsonSchema;
using NJsonSchema.Validation;

namespace Agents.Loop.Answers;

/// <summary>
/// Checks a final answer against the run's output schema. The words of a mismatch are ours (path and kind of each
/// error), so that a newer validator cannot change what a replay says.
/// </summary>
sealed class AnswerSchema
{
    const int ErrorsShownMax = 5;

    readonly JsonSchema _schema;

    AnswerSchema(JsonSchema schema) => _schema = schema;

    public static AnswerSchema Read(JsonElement schema)
    {
        if (HasOutsideReference(schema))
        {
            throw new ArgumentException(
                "AG3003: the output schema refers to a document outside itself. Write what it refers to into the schema (\"$ref\": \"#/…\").");
        }

        // Without outside references this never waits: the task is complete when it is handed out.
        var reading = JsonSchema.FromJsonAsync(schema.GetRawText());
        return reading.IsCompletedSuccessfully
            ? new AnswerSchema(reading.Result)
            : throw new ArgumentException(
                $"AG3003: the output schema is not a JSON schema: {reading.Exception?.InnerException?.Message ?? "it could not be read at once"}");
    }

    /// <summary>Null when the answer meets the schema; otherwise what is wrong, in a sentence or more.</summary>
    public string? Check(string answer, out JsonElement? structured)
    {
        structured = null;
        var text = Unfenced(answer);
        JsonElement parsed;
        try
        {
            using var document = JsonDocument.Parse(text);
            parsed = document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return "it is not a JSON document.";
        }

        var errors = _schema.Validate(text);
        if (errors.Count == 0)
        {
            structured = parsed;
            return null;
        }

        return string.Join(" ", errors.SelectMany(Innermost).Select(Describe).Distinct().Order(StringComparer.Ordinal).Take(ErrorsShownMax));
    }

    // What went wrong lies below "the item does not validate".
    static IEnumerable<ValidationError> Innermost(ValidationError error) => error is ChildSchemaValidationError child
        && child.Errors.SelectMany(e => e.Value).ToArray() is { Length: > 0 } inner
            ? inner.SelectMany(Innermost)
            : [error];

    static string Describe(ValidationError error) => $"{error.Path ?? "#"}: {error.Kind}.";

    /// <summary>Models like to wrap JSON into a code fence although asked not to.</summary>
    static string Unfenced(string answer)
    {
        var text = answer.Trim();
        if (!text.StartsWith("```", StringComparison.Ordinal) || !text.EndsWith("```", StringComparison.Ordinal))
        {
            return text;
        }

        var firstLine = text.IndexOf('\n');
        return firstLine < 0 || firstLine + 1 > text.Length - 3 ? text : text[(firstLine + 1)..^3].Trim();
    }

    static bool HasOutsideReference(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().Any(p =>
            (p.Name == "$ref" && p.Value.ValueKind == JsonValueKind.String
                && p.Value.GetString() is { } target && !target.StartsWith('#'))
            || HasOutsideReference(p.Value)),
        JsonValueKind.Array => element.EnumerateArray().Any(HasOutsideReference),
        _ => false,
    };
}
