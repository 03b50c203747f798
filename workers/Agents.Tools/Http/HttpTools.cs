using System.Collections.Concurrent;
using Agents.Contracts.Runs;
using Agents.Tools.Catalogue;

namespace Agents.Tools.Http;

/// <summary>Tools that are HTTP endpoints, by the settings of a run.</summary>
sealed class HttpTools(ToolEnvironment environment)
{
    readonly ConcurrentDictionary<string, HttpClient> _clients = new(StringComparer.Ordinal);

    /// <summary>A spec that says nothing yet: any object as arguments, effect undeclared.</summary>
    public static ToolSpec Blank(string name) => new()
    {
        Name = name,
        Parameters = ToolEntry.NoParameters,
        Source = "http",
    };

    public ITool? Find(ToolSpec spec, ToolSettings settings)
    {
        if (!settings.HttpTools.TryGetValue(spec.SourceName ?? spec.Name, out var http))
        {
            return null;
        }

        var allow = new AllowList(settings.HttpAllow);
        var client = _clients.GetOrAdd(string.Join('\n', settings.HttpAllow), _ => GuardedHttp.Client(allow));
        var endpoint = new HttpEndpoint(environment, client, allow, http);
        return http.ProbeUrl is null ? new HttpTool(spec, environment, endpoint)
            : new ProbedHttpTool(spec, environment, endpoint);
    }
}
