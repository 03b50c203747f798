using System.Text.Json;
using System.Text.Json.Serialization;

namespace Agents.ModelServer.Gguf;

/// <summary>
/// What a vocabulary knows beyond the bytes: merges of letters, strongest first, and whole phrases. A phrase is one token
/// wherever it stands, so that what is always said the same way costs nothing and the text between is cut the same way
/// whatever surrounds it.
/// </summary>
public sealed record LearntVocabulary
{
    const int Rounding = 32;

    /// <summary>"a b" each: two tokens that stand beside each other in a word become one.</summary>
    public required IReadOnlyList<string> Merges { get; init; }

    public required IReadOnlyList<string> Phrases { get; init; }

    /// <summary>The smallest number of tokens that holds it and is a multiple of 32.</summary>
    [JsonIgnore]
    public int Size => (ByteVocabulary.SizeMin - 1 + Merges.Count + Phrases.Count + Rounding - 1) / Rounding * Rounding;

    public string ToJson() => JsonSerializer.Serialize(this, LearntVocabularyJson.Default.LearntVocabulary);

    /// <summary>Throws <see cref="JsonException"/> for what is none.</summary>
    public static LearntVocabulary Read(string json) =>
        JsonSerializer.Deserialize(json, LearntVocabularyJson.Default.LearntVocabulary) ?? throw new JsonException("no vocabulary");
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LearntVocabulary))]
sealed partial class LearntVocabularyJson : JsonSerializerContext;
