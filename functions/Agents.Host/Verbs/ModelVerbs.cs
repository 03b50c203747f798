using Agents.Client.Runs;
using Agents.Host.Terminal;
using Agents.ModelServer;
using Agents.ModelServer.Gguf;
using Agents.ModelServer.Http;
using Agents.ModelServer.Native;

namespace Agents.Host.Verbs;

/// <summary>What agents model serve prints with --json.</summary>
sealed record ModelServeLine(string Address, string Model, string Description, int ContextTokens, int Process);

/// <summary>agents model serve: a model of a GGUF file behind OpenAI's HTTP, until it is told to stop.</summary>
sealed record ModelServeVerb(ServedModelOptions Options, int Port, string? LibraryFolder)
{
    public Task<int> RunAsync(VerbContext context) => ModelFaults.TellAsync(Options.Path, async () =>
    {
        await using var model = ServedModel.Load(ModelLibrary.Load(LibraryFolder), Options, context.Clock);
        await using var server = await LocalModelServer.StartAsync(model, new ModelServerOptions { Port = Port }, context.Clock, context.Stop);
        if (context.Json)
        {
            context.PrintJson(
                new ModelServeLine(server.BaseUrl, model.Id, model.Model.Description, model.ContextTokens, Environment.ProcessId),
                HostJson.Plain.ModelServeLine);
        }
        else
        {
            Say(context, model, server);
        }

        context.Out.Flush();
        await Task.WhenAny(Task.Delay(Timeout.InfiniteTimeSpan, context.Clock, context.Stop));
        return ExitCodes.Ok;
    });

    void Say(VerbContext context, ServedModel model, LocalModelServer server)
    {
        var library = ModelLibrary.Load(LibraryFolder);
        context.Out.WriteLine($"model    {model.Id}   {model.Model.Description}, {Figures.Count(model.Model.Weights)} weights");
        context.Out.WriteLine($"room     {Figures.Count(model.Cells)} tokens in {Options.Slots} slots and kept beginnings, {Figures.Count(model.ContextTokens)} a conversation");
        context.Out.WriteLine($"on       {string.Join(", ", library.Devices.Select(d => d.Description))}; {Options.Threads} thread{(Options.Threads == 1 ? "" : "s")}, llama.cpp {library.Version}");
        context.Out.WriteLine($"address  {server.BaseUrl}");
        if (!model.CallsTools)
        {
            context.Out.WriteLine("note     this model calls no tools here: its vocabulary has no marks for calls that this server knows");
        }

        context.Out.WriteLine($"try      agents run --job FILE --model {model.Id} --base-url {server.BaseUrl}");
    }
}

/// <summary>agents model random: a file of random weights, to try the server with.</summary>
sealed record ModelRandomVerb(string Path, ModelShape Shape, ulong Seed)
{
    public Task<int> RunAsync(VerbContext context) => ModelFaults.TellAsync(Path, () =>
    {
        var bytes = RandomModel.Write(Path, Shape, Seed);
        context.Out.WriteLine($"{Path}: {Figures.Count(bytes)} bytes of random weights; what such a model says means nothing");
        return Task.FromResult(ExitCodes.Ok);
    });
}

/// <summary>Turns faults of the model server and of files into those of the command line.</summary>
static class ModelFaults
{
    public static async Task<int> TellAsync(string where, Func<Task<int>> act)
    {
        try
        {
            return await act();
        }
        catch (ModelServerException e)
        {
            throw new RunFaultException(e.Code, e.What, where, e.WhatToDo, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunFaultException(Faults.Usage, e.Message, where, "give a path that can be written", e);
        }
    }
}
