using Agents.Contracts.History;
using Agents.Contracts.Work;
using Agents.Replay.Session;
using Agents.Replay.Versioning;

namespace Agents.Replay;

/// <summary>
/// The orchestrators of one process. The observer, where given, sees each event that is fed to a session, before the
/// code does: committed ones and those of a turn still to be committed.
/// </summary>
public sealed class OrchestratorHost : IOrchestratorHost
{
    readonly Dictionary<string, List<OrchestratorRegistration>> _byName = new(StringComparer.OrdinalIgnoreCase);

    public OrchestratorHost(
        IEnumerable<OrchestratorRegistration> registrations,
        VersioningOptions? versioning = null,
        Action<OrchestratorIdentity, SequencedEvent>? observer = null)
    {
        Versioning = versioning ?? new VersioningOptions();
        Observer = observer;
        foreach (var registration in registrations)
        {
            Add(registration);
        }
    }

    internal VersioningOptions Versioning { get; }

    internal Action<OrchestratorIdentity, SequencedEvent>? Observer { get; }

    public OrchestratorMatch Match(string name, string? version) => Find(name, version, out _);

    public IOrchestratorSession Open(OrchestratorIdentity identity) => new OrchestratorSession(this, identity, Observer);

    internal OrchestratorMatch Find(string name, string? version, out OrchestratorRegistration? found)
    {
        found = null;
        if (!_byName.TryGetValue(name, out var versions))
        {
            return OrchestratorMatch.UnknownName;
        }

        found = IsTaken(version) ? Choose(versions, version) : null;
        return found is not null ? OrchestratorMatch.Found
            : Versioning.FailureStrategy == VersionFailureStrategy.Fail ? OrchestratorMatch.VersionRefused
            : OrchestratorMatch.OtherVersion;
    }

    bool IsTaken(string? version) => Versioning.MatchStrategy switch
    {
        VersionMatchStrategy.Strict => VersionOrder.Instance.Compare(version, Versioning.Version) == 0,
        VersionMatchStrategy.CurrentOrOlder => VersionOrder.Instance.Compare(version, Versioning.Version) <= 0,
        _ => true,
    };

    // The pinned version first. Unversioned code serves every version only while no versioned code of that name exists:
    // otherwise a worker that lacks one version would replay it on code it was not written for. Current-or-older means
    // that newer code promises to carry older instances, so the nearest newer one takes them.
    OrchestratorRegistration? Choose(List<OrchestratorRegistration> versions, string? version)
    {
        foreach (var registration in versions)
        {
            if (VersionOrder.Instance.Compare(registration.Version, version) == 0)
            {
                return registration;
            }
        }

        if (versions is [{ Version: null or "" } unversioned])
        {
            return unversioned;
        }

        return Versioning.MatchStrategy == VersionMatchStrategy.CurrentOrOlder
            ? versions.Where(r => VersionOrder.Instance.Compare(r.Version, version) > 0)
                .MinBy(r => r.Version, VersionOrder.Instance)
            : null;
    }

    void Add(OrchestratorRegistration registration)
    {
        if (!_byName.TryGetValue(registration.Name, out var versions))
        {
            _byName.Add(registration.Name, versions = []);
        }

        if (versions.Exists(r => VersionOrder.Instance.Compare(r.Version, registration.Version) == 0))
        {
            throw new ArgumentException(
                $"orchestrator '{registration.Name}' version '{registration.Version}' is registered twice: remove one",
                nameof(registration));
        }

        versions.Add(registration);
    }
}
