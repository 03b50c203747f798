using System.Text.Json;

namespace Agents.Inference.Failures;

/// <summary>
/// An error as a server wrote it: {"error": {...}}, {"error": "text"}, SGLang's flat {"object": "error", ...}, FastAPI's
/// {"detail": ...}, an array around any of these, or no JSON at all.
/// </summary>
internal sealed record ErrorBody(string Message, string Type, string Code, int? Status)
{
    const int MessageCharsMax = 600;

    /// <summary>All words of the error in lower case, for looking up signs.</summary>
    public string Signs => $"{Type} {Code} {Message}".ToLowerInvariant();

    public static ErrorBody Parse(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return Read(document.RootElement);
        }
        catch (JsonException)
        {
            return new ErrorBody(Clean(text), "", "", null);
        }
    }

    public static ErrorBody Read(JsonElement root)
    {
        if (root.ValueKind == JsonValueKind.Array && root.GetArrayLength() > 0)
        {
            root = root[0];
        }

        if (root.ValueKind != JsonValueKind.Object)
        {
            return new ErrorBody(Clean(root.ToString()), "", "", null);
        }

        var error = root.TryGetProperty("error", out var wrapped) && wrapped.ValueKind != JsonValueKind.Null ? wrapped : root;
        if (error.ValueKind != JsonValueKind.Object)
        {
            return new ErrorBody(Clean(error.ToString()), JsonText.Read(root, "type") ?? "", "", null);
        }

        var message = JsonText.Read(error, "message") ?? JsonText.Read(root, "message")
            ?? (root.TryGetProperty("detail", out var detail) ? detail.ToString() : error.GetRawText());
        var code = Text(error, "code");
        if (error.TryGetProperty("details", out var details) && JsonText.Read(details, "error_code") is { } inner)
        {
            code = $"{code} {inner}";
        }

        return new ErrorBody(Clean(message), Text(error, "type"), code, StatusIn(error));
    }

    /// <summary>Whether an event of a stream is an error instead of a chunk.</summary>
    public static bool IsError(JsonElement root) => root.ValueKind == JsonValueKind.Object
        && ((root.TryGetProperty("error", out var error) && error.ValueKind is JsonValueKind.Object or JsonValueKind.String)
            || JsonText.Read(root, "object") == "error" || JsonText.Read(root, "type") == "error");

    static string Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String or JsonValueKind.Number
            ? value.ToString()
            : "";

    static int? StatusIn(JsonElement error) =>
        error.TryGetProperty("code", out var code) && code.ValueKind == JsonValueKind.Number
        && code.TryGetInt32(out var number) && number is >= 400 and < 600
            ? number
            : null;

    static string Clean(string text)
    {
        var line = string.Join(' ', text.Split((char[])[' ', '\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries));
        var plain = new string([.. line.Where(c => !char.IsControl(c))]);
        return plain.Length <= MessageCharsMax ? plain : JsonText.Sound(plain[..MessageCharsMax]) + "…";
    }
}
