using Agents.Contracts.Work;

namespace Agents.Engine.Grpc.Work;

/// <summary>Activities of agent runs on workers of ours that connect; to the engine they look as if they ran here.</summary>
internal sealed class AttendedActivities(WorkBroker broker) : IActivityHost
{
    public bool CanRun(string name, string? version) => true;

    public Task<ActivityOutcome> RunAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel)
    {
        context.GoElsewhere();
        return broker.AttendAsync(item, context, cancel);
    }
}
