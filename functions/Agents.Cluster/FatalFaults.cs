using Orleans.Runtime;

namespace Agents.Cluster;

/// <summary>
/// What Orleans cannot live with, above all being declared dead. Orleans would end the process there and then; here the
/// engine stops and the process ends in an orderly way with a message.
/// </summary>
internal sealed class FatalFaults : IFatalErrorHandler
{
    public Action<string>? Said { get; set; }

    public bool IsUnexpected(Exception exception) => true;

    public void OnFatalException(object? sender, string? context, Exception? exception) =>
        Said?.Invoke(exception?.Message ?? context ?? "no reason given");
}
