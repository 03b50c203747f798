using Microsoft.Extensions.Logging;

namespace Agents.Engine;

/// <summary>
/// Clock and chance of a node, so that a simulation can own both. <paramref name="Clock"/>'s timestamps must count time
/// the machine was suspended: start deadlines are measured on them.
/// </summary>
public sealed record EngineEnvironment(TimeProvider Clock, IIdSource Ids, ILogger Log);

/// <summary>Where new ids come from.</summary>
public interface IIdSource
{
    Guid NextGuid();
}
