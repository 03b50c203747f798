using System.Text.Json;
using Agents.Client;
using Agents.Client.Runs;
using Agents.Contracts.Effects;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Agents.Api.Http;

/// <summary>Saying something to a run: accepted means committed.</summary>
sealed class CommandEndpoints(ApiServices services, ApiOptions options)
{
    const int TextCharactersMax = 100_000;

    public void Map(IEndpointRouteBuilder app)
    {
        MapCommand(app, "cancel", b => new RunCommand.Cancel(b.Reason));
        MapCommand(app, "pause", b => new RunCommand.Pause(b.Reason));
        MapCommand(app, "resume", b => new RunCommand.Resume(b.Reason));
        MapCommand(app, "steer", Steer);
        MapCommand(app, "resolve", Resolve);
        MapArchive(app, "fork", (run, b, cancel) => services.Archive.ForkAsync(run, Step(b), cancel));
        MapArchive(app, "restart", (run, _, cancel) => services.Archive.RestartAsync(run, cancel));
        MapArchive(app, "rewind", (run, _, cancel) => services.Archive.RewindAsync(run, cancel));
        MapArchive(app, "purge", (run, b, cancel) => services.Archive.PurgeAsync(run, b.Force, cancel));
    }

    void MapCommand(IEndpointRouteBuilder app, string verb, Func<CommandBody, RunCommand> read) =>
        app.MapPost($"/api/v1/runs/{{run}}/{verb}", async (HttpContext context) =>
        {
            var run = Exchange.Run(context);
            var command = read(await Exchange.CommandAsync(context, options.BodyBytesMax));
            var outcome = await services.Runs.SendAsync(run, command, Exchange.Key(context), CancellationToken.None);
            switch (outcome.Result)
            {
                case CommandResult.NotFound:
                    throw Exchange.NoSuchRun(run);
                case CommandResult.Finished or CommandResult.Refused:
                    throw new RunFaultException(Faults.CommandRefused, outcome.Why ?? "does not apply", run, "GET the run to see its status");
                default:
                    context.Response.StatusCode = StatusCodes.Status202Accepted;
                    break;
            }
        });

    void MapArchive(
        IEndpointRouteBuilder app, string verb, Func<string, CommandBody, CancellationToken, Task<ArchiveOutcome>> ask) =>
        app.MapPost($"/api/v1/runs/{{run}}/{verb}", async (HttpContext context) =>
        {
            var run = Exchange.Run(context);
            var body = await Exchange.CommandAsync(context, options.BodyBytesMax);
            var outcome = await ask(run, body, CancellationToken.None);
            if (outcome.NotFound)
            {
                throw Exchange.NoSuchRun(run);
            }

            if (!outcome.Done)
            {
                throw new RunFaultException(Faults.CommandRefused, outcome.Refusal ?? "does not apply", run, "GET the run to see its status");
            }

            await Exchange.WriteAsync(context, outcome, ClientJson.Plain.ArchiveOutcome);
        });

    static RunCommand.Steer Steer(CommandBody body) => body.Text is { Length: > 0 and <= TextCharactersMax } text
        ? new RunCommand.Steer(text)
        : throw Exchange.Bad("body text", $"a text of 1 to {TextCharactersMax} characters");

    static RunCommand.Resolve Resolve(CommandBody body)
    {
        if (body.Key is not { Length: >= 8 } key)
        {
            throw Exchange.Bad("body key", "the effect's key, or at least its first 8 characters");
        }

        var verdict = body.Verdict switch
        {
            "happened" => EffectVerdict.Happened,
            "did_not_happen" => EffectVerdict.DidNotHappen,
            "give_up" => EffectVerdict.GiveUp,
            _ => throw Exchange.Bad("body verdict", "happened, did_not_happen or give_up"),
        };
        return verdict != EffectVerdict.Happened || body.Result is not null
            ? new RunCommand.Resolve(key, verdict, body.Result, body.By ?? "api")
            : throw Exchange.Bad("body result", "the tool's result, since it happened");
    }

    static int Step(CommandBody body) =>
        body.Step is { } step and > 0 ? step : throw Exchange.Bad("body step", "the first step to do anew, from 1");
}
