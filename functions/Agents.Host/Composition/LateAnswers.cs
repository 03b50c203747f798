using System.Text.Json;
using Agents.Client.Runs;
using Agents.Contracts;
using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.Work;
using Agents.Tools.Running;

namespace Agents.Host.Composition;

/// <summary>
/// What a worker says of an effect that is in doubt by now, because its server was restarted or its connection was gone
/// for too long: a receipt all the same. It decides that attempt's entry and no other.
/// </summary>
sealed class LateAnswers(IOrchestrationClient client, ToolRunner runner)
{
    public async Task TakeAsync(LateAnswer late)
    {
        var view = await client.GetAsync(late.InstanceId, withPayloads: true, CancellationToken.None);
        if (RunOutcome.ReadInput(view?.Input) is not { } run
            || runner.LateReply(run, late.Answer) is not { } reply)
        {
            return;
        }

        var word = new EffectResolution(
            late.Attempt.Key, EffectVerdict.Happened, JsonSerializer.Serialize(reply, ContractsJson.Plain.ToolReply),
            EffectResolution.Executor, late.Attempt.Token);
        await client.SendAsync(
            late.InstanceId, new InstanceMessage.Resolve(word), $"late {late.Attempt.Token}", CancellationToken.None);
    }
}
