using Agents.Contracts.Runs;
using Agents.Inference.Streaming;

namespace Agents.Inference.Profiles;

/// <summary>Something a person should know before a run is pinned to a profile.</summary>
public sealed record ProfileWarning(string Code, string Message);

/// <summary>What `doctor` says about a profile: retired or soon to be, no key, no price, not built.</summary>
public static class ProfileWarnings
{
    /// <summary>Days before a retirement from which it is announced.</summary>
    public const int NoticeDays = 60;

    public static IReadOnlyList<ProfileWarning> Of(ModelProfile profile, DateOnly today, Func<string, string?> variable)
    {
        var warnings = new List<ProfileWarning>();
        var next = profile.Successor is { } successor ? $"; use {successor}" : "; no successor profile is known";
        if (profile.RetiredOn is { } day && day <= today)
        {
            warnings.Add(new("AG4019", $"{profile.Name}: taken offline by the provider on {day:yyyy-MM-dd}{next}"));
        }
        else if (profile.RetiredOn is { } soon && soon <= today.AddDays(NoticeDays))
        {
            warnings.Add(new("AG4019", $"{profile.Name}: will be taken offline by the provider on {soon:yyyy-MM-dd}{next}"));
        }

        if (RequestCheck.Address(profile) is null)
        {
            warnings.Add(new("AG4017", $"{profile.Name}: the base address '{profile.BaseUrl}' is no absolute http or https URL"));
        }

        if (profile.Dialect != RequestCheck.Dialect)
        {
            warnings.Add(new("AG4002", $"{profile.Name}: its dialect '{profile.Dialect}' is not built yet"));
        }

        if (profile.ApiKeyEnv is { } name && RequestCheck.Key(profile, variable) is null)
        {
            warnings.Add(new("AG4001", $"{profile.Name}: environment variable {name} is not set"));
        }

        if (PriceList.InForce(profile, today) is null)
        {
            warnings.Add(new("AG4020", $"{profile.Name}: no price is known for {today:yyyy-MM-dd}: costs are not shown, "
                + "money limits cannot be kept; add \"prices\" in a profile file of your own"));
        }

        return warnings;
    }
}
