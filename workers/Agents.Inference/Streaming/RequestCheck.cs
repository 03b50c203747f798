using Agents.Contracts.Runs;
using Agents.Inference.Failures;
using Agents.Inference.Requests;

namespace Agents.Inference.Streaming;

/// <summary>What can be known to be wrong with a call before anything is sent.</summary>
internal static class RequestCheck
{
    /// <summary>The dialect that is built.</summary>
    public const string Dialect = "chat";

    public static ModelError? Refusal(ModelRequest request, Func<string, string?> variable)
    {
        var profile = request.Profile;
        if (profile.Dialect != Dialect)
        {
            return Unusable($"AG4002: model '{profile.Name}' speaks the dialect '{profile.Dialect}', which is not built yet: "
                + $"choose a profile with dialect '{Dialect}', or an OpenAI-compatible address with --base-url");
        }

        if (Address(profile) is null)
        {
            return Unusable($"AG4017: {Places.Of(profile)}: the base address must be an absolute http or https URL");
        }

        if (profile.ApiKeyEnv is { } name && Key(profile, variable) is null)
        {
            return new ModelError(ModelErrorKind.Auth,
                $"AG4001: {Places.Of(profile)} needs a key: set the environment variable {name} where the worker runs");
        }

        if (request.Messages.Count == 0 || MessageRenderer.IsAssistant(request.Messages[^1].Span))
        {
            return Unusable("AG4021: the view to send is empty or ends with the assistant's own message");
        }

        return ToolChoiceRefusal(request);
    }

    /// <summary>Where the profile's calls go; null when its base address is none.</summary>
    public static Uri? Address(ModelProfile profile) =>
        Uri.TryCreate(profile.BaseUrl.TrimEnd('/') + "/chat/completions", UriKind.Absolute, out var address)
        && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps)
            ? address
            : null;

    public static string? Key(ModelProfile profile, Func<string, string?> variable) =>
        profile.ApiKeyEnv is { } name && variable(name)?.Trim() is { Length: > 0 } key && key.All(c => c is > ' ' and < '\x7f')
            ? key
            : null;

    static ModelError? ToolChoiceRefusal(ModelRequest request) =>
        request.ToolChoice is null or "auto" or "none" || request.Profile.ForcedToolChoice
            ? null
            : Unusable($"AG4016: model '{request.Profile.Name}' takes no forced tool choice ('{request.ToolChoice}'): "
                + "use auto or none");

    static ModelError Unusable(string message) => new(ModelErrorKind.Unusable, message);
}
