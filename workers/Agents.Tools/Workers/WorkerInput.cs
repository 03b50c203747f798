using Agents.Contracts.Runs;

namespace Agents.Tools.Workers;

/// <summary>
/// What a worker is given: the arguments as the activity's input, with the idempotency key as one more property (not
/// every SDK shows an activity its tags), and tags for those that do.
/// </summary>
static class WorkerInput
{
    public static string Of(ToolInvocation call, ActivityTool activity) => activity.KeyAs is not { } property
        ? call.Arguments.GetRawText()
        : Json.Object(json =>
        {
            foreach (var argument in call.Arguments.EnumerateObject().Where(a => a.Name != property))
            {
                argument.WriteTo(json);
            }

            json.WriteString(property, call.Key);
        });

    public static Dictionary<string, string> TagsOf(ToolInvocation call) => new()
    {
        ["tool"] = call.Spec.Name, ["effect"] = call.Spec.Effect.ToString(), ["idempotency-key"] = call.Key,
    };
}
