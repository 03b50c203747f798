using Agents.Contracts.Actions;

namespace Agents.Replay.Session;

/// <summary>
/// An action asked for and not yet committed. <paramref name="VersionIsDefault"/>: the code named no version and the
/// host's default was taken; a later deploy may change that default, so history is not held to it.
/// </summary>
internal readonly record struct PendingAction(OrchestratorAction Action, bool VersionIsDefault = false);
