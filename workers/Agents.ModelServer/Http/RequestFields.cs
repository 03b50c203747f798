using System.Security.Cryptography;
using System.Text.Json;
using Agents.ModelServer.Generation;

namespace Agents.ModelServer.Http;

/// <summary>Reads fields that every kind of request has; a field of the wrong kind or out of bounds is refused by name.</summary>
static class RequestFields
{
    const int StopsMax = 16;
    const int StopLengthMax = 1_000;
    const int LogprobsMax = 20;
    const int BiasesMax = 1_024;

    public static RequestRefusedException Bad(string message) => new(400, message);

    public static JsonElement? Member(JsonElement request, string name) =>
        request.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public static string? Text(JsonElement request, string name) => Member(request, name) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString() : throw Bad($"'{name}' must be a string");

    public static bool Flag(JsonElement request, string name, bool otherwise = false) => Member(request, name) is not { } value ? otherwise
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Bad($"'{name}' must be true or false");

    public static double Number(JsonElement request, string name, double otherwise, double least, double most)
    {
        if (Member(request, name) is not { } value)
        {
            return otherwise;
        }

        return value.ValueKind == JsonValueKind.Number && value.GetDouble() is var number && number >= least && number <= most
            ? number
            : throw Bad($"'{name}' must be a number from {least} to {most}");
    }

    public static int? Count(JsonElement request, string name, int least, int most)
    {
        if (Member(request, name) is not { } value)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= least && number <= most
            ? number
            : throw Bad($"'{name}' must be a whole number from {least} to {most}");
    }

    /// <summary>Tokens of a reply that was begun elsewhere; empty for none.</summary>
    public static int[] Continued(JsonElement request, int vocabulary)
    {
        if (Member(request, "continue_token_ids") is not { } ids)
        {
            return [];
        }

        if (Logprobs(request) >= 0)
        {
            throw Bad("'continue_token_ids' goes without 'logprobs': those of the beginning are not known here");
        }

        return ids.ValueKind == JsonValueKind.Array && ids.EnumerateArray().All(i => IsToken(i, vocabulary))
            ? [.. ids.EnumerateArray().Select(i => i.GetInt32())]
            : throw Bad($"'continue_token_ids' must be a list of token ids from 0 to {vocabulary - 1}");
    }

    public static bool IsToken(JsonElement id, int vocabulary) =>
        id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out var token) && token >= 0 && token < vocabulary;

    /// <summary>Fields that would change what is answered and are not served.</summary>
    public static void RefuseUnserved(JsonElement request)
    {
        if (Count(request, "n", 1, int.MaxValue) is > 1)
        {
            throw Bad("'n' above 1 is not served: send the request several times, its prompt is computed once");
        }

        foreach (var name in (ReadOnlySpan<string>)["best_of", "suffix", "functions", "audio", "modalities", "prediction", "web_search_options"])
        {
            if (Member(request, name) is not null)
            {
                throw Bad($"'{name}' is not served");
            }
        }
    }

    public static SamplingOptions Sampling(JsonElement request, int logprobsTop, int vocabulary)
    {
        var seed = Member(request, "seed") is not { } given ? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8))
            : given.ValueKind == JsonValueKind.Number && given.TryGetInt64(out var number) ? (ulong)number
            : throw Bad("'seed' must be a whole number");
        return new SamplingOptions
        {
            Temperature = Number(request, "temperature", 1, 0, 2),
            TopP = Number(request, "top_p", 1, 0, 1),
            TopK = Math.Max(0, Count(request, "top_k", -1, int.MaxValue) ?? 0),
            MinP = Number(request, "min_p", 0, 0, 1),
            PresencePenalty = Number(request, "presence_penalty", 0, -2, 2),
            FrequencyPenalty = Number(request, "frequency_penalty", 0, -2, 2),
            Bias = Biases(request, vocabulary),
            Seed = seed,
            LogprobsTop = logprobsTop,
        };
    }

    static Dictionary<int, double>? Biases(JsonElement request, int vocabulary)
    {
        if (Member(request, "logit_bias") is not { } biases)
        {
            return null;
        }

        var read = new Dictionary<int, double>();
        foreach (var bias in biases.ValueKind == JsonValueKind.Object ? biases.EnumerateObject() : throw Bad("'logit_bias' must be an object"))
        {
            if (!int.TryParse(bias.Name, out var token) || token < 0 || token >= vocabulary || bias.Value.ValueKind != JsonValueKind.Number
                || Math.Abs(bias.Value.GetDouble()) > 100 || read.Count >= BiasesMax)
            {
                throw Bad($"'logit_bias' {bias.Name}: a token from 0 to {vocabulary - 1} and a number from -100 to 100, at most {BiasesMax}");
            }

            read[token] = bias.Value.GetDouble();
        }

        return read;
    }

    public static List<string> Stops(JsonElement request)
    {
        var stops = Member(request, "stop") switch
        {
            null => [],
            { ValueKind: JsonValueKind.String } one => [one.GetString()!],
            { ValueKind: JsonValueKind.Array } many when many.EnumerateArray().All(s => s.ValueKind == JsonValueKind.String) =>
                many.EnumerateArray().Select(s => s.GetString()!).ToList(),
            _ => throw Bad("'stop' must be a string or a list of strings"),
        };
        return stops.Count <= StopsMax && stops.TrueForAll(s => s.Length is > 0 and <= StopLengthMax)
            ? stops
            : throw Bad($"'stop' takes up to {StopsMax} strings of 1 to {StopLengthMax} characters");
    }

    /// <summary>-1 for no report; the chat form says true and a number, the completion form a number.</summary>
    public static int Logprobs(JsonElement request) => Member(request, "logprobs") switch
    {
        null or { ValueKind: JsonValueKind.False } => -1,
        { ValueKind: JsonValueKind.True } => Count(request, "top_logprobs", 0, LogprobsMax) ?? 0,
        _ => Count(request, "logprobs", 0, LogprobsMax) ?? -1,
    };
}
