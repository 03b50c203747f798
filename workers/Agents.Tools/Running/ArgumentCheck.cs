using System.Text;
using System.Text.Json;
using Agents.Contracts.Runs;
using NJsonSchema;
using NJsonSchema.Validation;

namespace Agents.Tools.Running;

/// <summary>Checks what a model wrote as arguments; says in few words what is wrong, where, and with which value.</summary>
sealed class ArgumentCheck(SchemaCache schemas)
{
    public const int ArgumentBytesMax = 4 << 20;
    const int ErrorsShownMax = 5;
    const int ValueCharactersMax = 80;

    /// <summary>The arguments as an object, or null with words for the model.</summary>
    public JsonElement? Check(ToolSpec spec, string raw, out string problem)
    {
        var parsed = Parse(raw, out problem);
        if (parsed is not { } arguments)
        {
            problem = $"the arguments of '{spec.Name}' {problem}";
            return null;
        }

        var schema = schemas.Get(spec.Parameters, $"tool '{spec.Name}'");
        var errors = schema.Validate(arguments.GetRawText());
        if (errors.Count == 0)
        {
            return arguments;
        }

        var lines = errors.SelectMany(Flatten).Select(e => Describe(e, arguments)).Distinct().Take(ErrorsShownMax);
        problem = $"the arguments of '{spec.Name}' do not meet its schema: {string.Join("; ", lines)}";
        return null;
    }

    static JsonElement? Parse(string raw, out string problem)
    {
        problem = "";
        if (Encoding.UTF8.GetByteCount(raw) > ArgumentBytesMax)
        {
            problem = $"are longer than {ArgumentBytesMax} bytes";
            return null;
        }

        try
        {
            // A call without arguments is written as nothing at all by some models.
            var element = JsonElement.Parse(string.IsNullOrWhiteSpace(raw) ? "{}" : raw);
            if (element.ValueKind != JsonValueKind.Object)
            {
                problem = $"must be a JSON object, not {Kind(element)}";
                return null;
            }

            problem = HasBrokenText(element) ? "hold text with half a surrogate pair" : "";
            return problem.Length == 0 ? element : null;
        }
        catch (JsonException e)
        {
            problem = $"are no valid JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine}): write one JSON object";
            return null;
        }
    }

    static bool HasBrokenText(JsonElement element)
    {
        try
        {
            return element.ValueKind switch
            {
                JsonValueKind.String => element.GetString() is null,
                JsonValueKind.Object => element.EnumerateObject().Any(m => m.Name.Length < 0 || HasBrokenText(m.Value)),
                JsonValueKind.Array => element.EnumerateArray().Any(HasBrokenText),
                _ => false,
            };
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }

    static IEnumerable<ValidationError> Flatten(ValidationError error) =>
        error is ChildSchemaValidationError { Errors.Count: > 0 } parent
            && parent.Errors.SelectMany(e => e.Value).Any()
            ? parent.Errors.SelectMany(e => e.Value).SelectMany(Flatten)
            : [error];

    static string Describe(ValidationError error, JsonElement arguments)
    {
        var path = (error.Path ?? "").TrimStart('#', '/').Replace('/', '.');
        var where = path.Length == 0 ? "the arguments" : $"'{path}'";
        if (error.Kind == ValidationErrorKind.PropertyRequired)
        {
            return $"{where} is missing ({Expected(error.Schema, error.Property)})";
        }

        if (error.Kind == ValidationErrorKind.NoAdditionalPropertiesAllowed)
        {
            return $"{where} is not known; known are {string.Join(", ", error.Schema.ActualProperties.Keys)}";
        }

        return $"{where}: expected {Expectation(error)}, got {Found(arguments, error.Path ?? "")}";
    }

    static string Expected(JsonSchema schema, string? property) =>
        property is not null && schema.ActualProperties.TryGetValue(property, out var wanted)
            ? TypeOf(wanted) : "required";

    static string Expectation(ValidationError error) => error.Kind switch
    {
        ValidationErrorKind.NotInEnumeration =>
            $"one of {string.Join(", ", error.Schema.Enumeration.Select(e => JsonSerializer.Serialize(e?.ToString())))}",
        ValidationErrorKind.StringTooLong => $"at most {error.Schema.MaxLength} characters",
        ValidationErrorKind.StringTooShort => $"at least {error.Schema.MinLength} characters",
        ValidationErrorKind.NumberTooSmall => $"a number of at least {error.Schema.Minimum}",
        ValidationErrorKind.NumberTooBig => $"a number of at most {error.Schema.Maximum}",
        ValidationErrorKind.TooManyItems => $"at most {error.Schema.MaxItems} items",
        ValidationErrorKind.TooFewItems => $"at least {error.Schema.MinItems} items",
        ValidationErrorKind.PatternMismatch => $"text that matches {error.Schema.Pattern}",
        _ when error.Schema.Type != JsonObjectType.None => TypeOf(error.Schema),
        _ => $"a value that meets {error.Kind}",
    };

    static string TypeOf(JsonSchema schema) => schema.ActualTypeSchema.Type == JsonObjectType.None
        ? "a value" : schema.ActualTypeSchema.Type.ToString().ToLowerInvariant().Replace(", ", " or ", StringComparison.Ordinal);

    static string Kind(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        JsonValueKind.Array => "an array",
        JsonValueKind.Null => "null",
        var other => $"a {other.ToString().ToLowerInvariant()}",
    };

    // Follows "#/a.b[2]" as the validator writes it; a path it cannot follow shows the whole.
    static string Found(JsonElement arguments, string path)
    {
        var at = arguments;
        foreach (var step in path.TrimStart('#', '/').Split(['.', '/', '['], StringSplitOptions.RemoveEmptyEntries))
        {
            if (step.EndsWith(']') && at.ValueKind == JsonValueKind.Array && int.TryParse(step[..^1], out var index)
                && index < at.GetArrayLength())
            {
                at = at[index];
            }
            else if (at.ValueKind == JsonValueKind.Object && at.TryGetProperty(step, out var member))
            {
                at = member;
            }
            else
            {
                break;
            }
        }

        var text = at.GetRawText().ReplaceLineEndings(" ");
        return text.Length <= ValueCharactersMax ? text : string.Concat(text.AsSpan(0, ValueCharactersMax), "…");
    }
}
