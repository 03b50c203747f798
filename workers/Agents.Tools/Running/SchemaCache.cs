using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NJsonSchema;

namespace Agents.Tools.Running;

/// <summary>
/// Compiled JSON schemas, by the hash of their text. A schema may only refer to itself: a reference to a file or an
/// address would be fetched by the validator.
/// </summary>
public sealed class SchemaCache
{
    const int SchemaBytesMax = 256 * 1024;
    const int DepthMax = 48;
    const int SchemasMax = 1024;
    readonly ConcurrentDictionary<string, JsonSchema> _compiled = new(StringComparer.Ordinal);

    /// <summary>Throws a fault with <see cref="ToolErrors.BadSchema"/> where the schema cannot be used.</summary>
    public JsonSchema Get(JsonElement schema, string whose)
    {
        var text = schema.GetRawText();
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        if (_compiled.TryGetValue(hash, out var known))
        {
            return known;
        }

        var compiled = Compile(text, whose);
        if (_compiled.Count >= SchemasMax)
        {
            _compiled.Clear();
        }

        _compiled[hash] = compiled;
        return compiled;
    }

    static JsonSchema Compile(string text, string whose)
    {
        if (text.Length > SchemaBytesMax)
        {
            throw Bad(whose, $"it has {text.Length} characters; {SchemaBytesMax} is the most");
        }

        try
        {
            var node = JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { MaxDepth = DepthMax });
            if (node is not JsonObject root)
            {
                throw Bad(whose, "a schema is a JSON object");
            }

            Prepare(root, whose);
            // Everything local is resolved while this runs; nothing waits for a network.
            return JsonSchema.FromJsonAsync(root.ToJsonString()).GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is not ToolFaultException)
        {
            throw Bad(whose, e.Message);
        }
    }

    // The validator does not know "const"; an enumeration of one value says the same.
    static void Prepare(JsonNode? node, string whose)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array)
            {
                Prepare(item, whose);
            }
        }
        else if (node is JsonObject value)
        {
            if (value["$ref"] is JsonValue reference && reference.TryGetValue<string>(out var target)
                && !target.StartsWith('#'))
            {
                throw Bad(whose, $"\"$ref\": \"{target}\" points outside the schema; only references that begin with # are followed");
            }

            if (value["const"] is JsonValue only && !value.ContainsKey("enum"))
            {
                value.Remove("const");
                value["enum"] = new JsonArray(only.DeepClone());
            }

            foreach (var member in value.ToArray())
            {
                Prepare(member.Value, whose);
            }
        }
    }

    static ToolFaultException Bad(string whose, string why) =>
        new(ToolErrors.BadSchema, $"the JSON schema of {whose} cannot be used: {why}");
}
