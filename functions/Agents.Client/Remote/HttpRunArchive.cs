using Agents.Client.Runs;
using Agents.Contracts.Effects;

namespace Agents.Client.Remote;

/// <summary>The archive of another process, over its REST API.</summary>
public sealed class HttpRunArchive(HttpApi api) : IRunArchive
{
    public Task<HistoryPage?> ReadHistoryAsync(string run, HistoryFrom from, CancellationToken cancel)
    {
        var query = HttpApi.Query(
            ("generation", from.Generation is { } g ? HttpApi.Text(g) : null),
            ("from", HttpApi.Text(from.Sequence)), ("pageSize", HttpApi.Text(from.Max)));
        return api.GetAsync($"{Address(run)}/history{query}", ClientJson.Default.HistoryPage, cancel);
    }

    public Task<IReadOnlyList<LedgerEntry>?> ReadEffectsAsync(string run, bool inDoubtOnly, CancellationToken cancel) =>
        api.GetAsync(
            $"{Address(run)}/effects{(inDoubtOnly ? "?inDoubt=true" : "")}",
            ClientJson.Default.IReadOnlyListLedgerEntry, cancel);

    public Task<ArchiveOutcome> ForkAsync(string run, int atStep, CancellationToken cancel) =>
        AskAsync(run, "fork", new CommandBody { Step = atStep }, cancel);

    public Task<ArchiveOutcome> RestartAsync(string run, CancellationToken cancel) =>
        AskAsync(run, "restart", new CommandBody(), cancel);

    public Task<ArchiveOutcome> RewindAsync(string run, CancellationToken cancel) =>
        AskAsync(run, "rewind", new CommandBody(), cancel);

    public Task<ArchiveOutcome> PurgeAsync(string run, bool force, CancellationToken cancel) =>
        AskAsync(run, "purge", new CommandBody { Force = force }, cancel);

    async Task<ArchiveOutcome> AskAsync(string run, string verb, CommandBody body, CancellationToken cancel)
    {
        using var request = HttpApi.Post($"{Address(run)}/{verb}", body, ClientJson.Default.CommandBody);
        try
        {
            using var answer = await api.SendAsync(request, cancel);
            return await HttpApi.ReadAsync(answer, ClientJson.Default.ArchiveOutcome, cancel);
        }
        catch (RunFaultException e) when (e.Code == Faults.RunNotFound)
        {
            return new ArchiveOutcome(false, null, null, NotFound: true);
        }
        catch (RunFaultException e) when (e.Code == Faults.CommandRefused)
        {
            return new ArchiveOutcome(false, null, e.What);
        }
    }

    static string Address(string run) => $"/api/v1/runs/{Uri.EscapeDataString(run)}";
}
