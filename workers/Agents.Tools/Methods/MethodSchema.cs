using System.ComponentModel;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Agents.Tools.Methods;

/// <summary>The JSON schema of a method's parameters.</summary>
static class MethodSchema
{
    static readonly JsonSchemaExporterOptions s_exporter = new()
    {
        TreatNullObliviousAsNonNullable = true,
        TransformSchemaNode = Describe,
    };

    public static JsonSerializerOptions Serializer { get; } = MakeSerializer();

    public static JsonElement Of(MethodInfo method)
    {
        var properties = new JsonObject();
        var required = new JsonArray();
        foreach (var parameter in method.GetParameters().Where(p => !IsFilledIn(p)))
        {
            var name = parameter.Name!;
            var schema = Serializer.GetJsonSchemaAsNode(parameter.ParameterType, s_exporter);
            Rebase(schema, $"#/properties/{name}");
            if (schema is JsonObject described
                && parameter.GetCustomAttribute<DescriptionAttribute>() is { Description: var text })
            {
                described["description"] = text;
            }

            properties[name] = schema;
            if (!parameter.HasDefaultValue)
            {
                required.Add(name);
            }
        }

        var whole = new JsonObject { ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
        if (required.Count > 0)
        {
            whole["required"] = required;
        }

        return JsonElement.Parse(whole.ToJsonString());
    }

    public static bool IsFilledIn(ParameterInfo parameter) =>
        parameter.ParameterType == typeof(CancellationToken) || parameter.ParameterType == typeof(ToolInvocation);

    static JsonNode Describe(JsonSchemaExporterContext context, JsonNode schema)
    {
        if (schema is JsonObject described
            && context.PropertyInfo?.AttributeProvider?.GetCustomAttributes(typeof(DescriptionAttribute), true)
                is [DescriptionAttribute { Description: var text }, ..])
        {
            described["description"] = text;
        }

        return schema;
    }

    // The exporter writes references from the root of its own schema, which becomes a property here.
    static void Rebase(JsonNode? node, string root)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array)
            {
                Rebase(item, root);
            }
        }
        else if (node is JsonObject value)
        {
            if (value["$ref"] is JsonValue reference && reference.GetValue<string>() is { } target && target.StartsWith('#'))
            {
                value["$ref"] = root + target[1..];
            }

            foreach (var member in value.ToArray())
            {
                Rebase(member.Value, root);
            }
        }
    }

    static JsonSerializerOptions MakeSerializer()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
            RespectNullableAnnotations = true,
            NumberHandling = JsonNumberHandling.Strict,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            Converters = { new JsonStringEnumConverter() },
        };
        options.MakeReadOnly();
        return options;
    }
}
